package dev.dejavu.cache;

import org.jspecify.annotations.Nullable;

/**
 * Decides within the transaction of a PUT whether it may replace what is there.
 *
 * @param <E> the entry
 */
@FunctionalInterface
public interface PutCondition<E extends CacheEntry> {

    /**
     * Requires that a PUT is permitted.
     * @param current the live entry of the key, {@code null} when there is none
     * @throws ProblemException the refusal
     */
    void check(@Nullable E current);

    /** Whether only an entry that its caller has seen fulfils it. */
    default boolean namesTheEntry() {
        return false;
    }

}
