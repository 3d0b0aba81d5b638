package dev.dejavu.history;

import java.time.Duration;

import dev.dejavu.cache.Sha256;

/**
 * A row of {@code history_served}, or what is added to one.
 *
 * @param firstAt the first minute, epoch milliseconds
 * @param lastAt the last one
 * @param times how many minutes
 */
record ServedRow(Servings.Key key, long firstAt, long lastAt, long times) {

    private static final long DAY = Duration.ofDays(1).toMillis();

    static final long MINUTE = Duration.ofMinutes(1).toMillis();

    private static final int VALUE_LENGTH = 16;

    long day() {
        return day(lastAt);
    }

    static long day(long millis) {
        return Math.floorDiv(millis, DAY);
    }

    String valueId() {
        return valueId(key.value());
    }

    static String valueId(String value) {
        return Sha256.hex(value).substring(0, VALUE_LENGTH);
    }

    ServedRow and(ServedRow other) {
        return new ServedRow(key, Math.min(firstAt, other.firstAt), Math.max(lastAt, other.lastAt),
                times + other.times);
    }

}
