package dev.dejavu.cache;

import org.jspecify.annotations.Nullable;

/**
 * What it took to find out, build or upload what an entry says: whoever finds the entry
 * saves it.
 *
 * @param seconds 0 to {@value #MAX_SECONDS}
 * @param bytes moved, 0 to {@value #MAX_BYTES}; {@code null} if not known
 */
public record Cost(double seconds, @Nullable Long bytes) {

    public static final int MAX_SECONDS = 86_400;

    public static final long MAX_BYTES = 1L << 50;

}
