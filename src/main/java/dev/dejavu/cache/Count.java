package dev.dejavu.cache;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/**
 * How many entries are live.
 *
 * @param entries {@code null} while a large table is counted for the first time
 * @param countedAt when that count began
 */
public record Count(@Nullable Long entries, @Nullable Instant countedAt) {

    /** As a metric. */
    public double value() {
        return (entries != null) ? entries : Double.NaN;
    }

}
