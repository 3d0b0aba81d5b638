package dev.dejavu.history;

import java.time.Instant;
import java.util.Locale;

import com.fasterxml.jackson.annotation.JsonValue;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a key.
 *
 * @param overlay in which it happened; {@code null} for the base
 * @param detail more words about it, as in {@code push by harbor}
 * @param value that the key had then, if it is known
 * @param previousValue that was replaced
 * @param actor who did it, {@code anyone} for an anonymous caller; {@code null} for
 * nobody, and for those who may not see it
 * @param reason as the caller or the registry gave it
 */
public record HistoryEvent(Instant at, Kind kind, @Nullable String overlay, @Nullable String detail,
        @Nullable String value, @Nullable String previousValue, @Nullable String actor, @Nullable String reason) {

    /**
     * Kinds of events, in lower case in JSON and in the database.
     */
    public enum Kind {

        /** Stored under a key that had no live entry. */
        PUT,

        /** Stored in place of another value. */
        CHANGED,

        /** Stored again, with the same value. */
        RENEWED,

        /** Its registry has it, as a check found out. */
        CONFIRMED,

        /** Taken back by a caller or by an event of its registry, until it is checked. */
        INVALIDATED,

        /** Removed, as its registry did not have it any more. */
        REFUTED,

        /** Removed by a caller. */
        REMOVED,

        /** Older than its TTL. */
        EXPIRED,

        /** Somebody began to build it. */
        LEASED;

        @JsonValue
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** Whether the key had an entry before and has one after. */
        boolean needsEntry() {
            return this == CHANGED || this == RENEWED || this == CONFIRMED || this == INVALIDATED || this == REFUTED;
        }

        boolean isOfPut() {
            return this == PUT || this == CHANGED || this == RENEWED;
        }

        /** Whether the key has no entry after it. */
        boolean isLoss() {
            return this == REFUTED || this == REMOVED || this == EXPIRED;
        }

    }

    HistoryEvent withoutActor() {
        return (actor != null) ? new HistoryEvent(at, kind, overlay, detail, value, previousValue, null, reason) : this;
    }

}
