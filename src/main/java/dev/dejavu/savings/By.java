package dev.dejavu.savings;

import java.util.Locale;

import com.fasterxml.jackson.annotation.JsonValue;

/**
 * What savings are summed by.
 */
public enum By {

    /** Days in UTC. */
    DAY("period_start - period_start % 86400000"),

    HOUR("period_start"), SCOPE("scope"), REPOSITORY("repository"), CACHE("cache");

    private final String column;

    By(String column) {
        this.column = column;
    }

    String column() {
        return column;
    }

    /** Whether the rows are times. */
    public boolean isTime() {
        return this == DAY || this == HOUR;
    }

    /** As in the query. */
    @JsonValue
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

}
