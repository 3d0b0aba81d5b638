package dev.dejavu.cache;

/**
 * Knows who makes the request that this thread serves.
 */
public interface Callers {

    Caller current();

    /** Whether only trusted callers may replace the values of others. */
    default boolean firstWriteWins() {
        return false;
    }

}
