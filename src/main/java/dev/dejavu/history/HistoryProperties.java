package dev.dejavu.history;

import java.time.Duration;
import java.time.temporal.ChronoUnit;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.convert.DurationUnit;

/**
 * How much is remembered of what happened.
 *
 * @param keep how long; {@code 0} to remember nothing
 * @param maxRows of events, and as many of who was served; the oldest go first
 */
@ConfigurationProperties("dejavu.history")
record HistoryProperties(@DurationUnit(ChronoUnit.DAYS) @DefaultValue("30d") Duration keep,
        @DefaultValue("1000000") long maxRows) {

    HistoryProperties {
        if (keep.isNegative() || keep.compareTo(Duration.ofDays(3650)) > 0) {
            throw new InvalidConfigurationPropertyValueException("dejavu.history.keep", keep,
                    "must be from 0 to 3650d");
        }
        if (maxRows < 1000 || maxRows > 100_000_000) {
            throw new InvalidConfigurationPropertyValueException("dejavu.history.max-rows", maxRows,
                    "must be from 1000 to 100000000");
        }
    }

    boolean isOff() {
        return keep.isZero();
    }

}
