package dev.dejavu.cache;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

import org.jspecify.annotations.Nullable;

/**
 * Persistence of entries by their keys. No read ever returns an entry that has expired,
 * pruned or not. Every method throws Spring's {@code DataAccessException} when the
 * database does not answer.
 *
 * @param <E> the entry
 */
public interface CacheRepository<E extends CacheEntry> {

    Optional<E> find(CacheKey key);

    /**
     * Finds a key in memory alone.
     * @return {@code null} when it is not there, or may have changed since it was read
     */
    default @Nullable NearHit<E> findInMemory(CacheKey key) {
        return null;
    }

    /**
     * Whether a key is known to have no entry, from memory alone: what another instance
     * stored may be missing for a second, as with every hit in memory.
     */
    default boolean isKnownMiss(CacheKey key) {
        return false;
    }

    /**
     * Finds what a key had shortly before the database stopped answering, in memory
     * alone.
     */
    default Optional<E> findStale(CacheKey key) {
        return Optional.empty();
    }

    /** Whether that was no entry, as far as memory knows. */
    default boolean isStaleMiss(CacheKey key) {
        return false;
    }

    /**
     * Finds many in one round trip.
     * @return the entries found, in any order
     */
    List<E> findAll(Collection<CacheKey> keys);

    /**
     * Stores an entry, in place of the one that has its key. When it returns, the entry
     * survives the death of this process.
     */
    PutResult<E> put(E entry);

    /**
     * Stores an entry as {@link #put} does, if a condition permits that.
     * @throws ProblemException of the condition
     */
    PutResult<E> putIf(E entry, PutCondition<E> condition);

    void remove(CacheKey key);

    /**
     * Removes some of many entries, in the order of their keys.
     * @param after the last key that was removed before
     * @param limit how many rows at most
     * @return the keys, in their order; fewer than the limit when none is left
     */
    List<CacheKey> removeSome(Selection selection, CacheKey after, int limit);

    /**
     * Removes everything at once, in all overlays too.
     * @return how many rows there were, about, if they are many; empty where the database
     * cannot do that, or is in use
     */
    OptionalInt truncate();

}
