package dev.dejavu.cache;

import java.util.List;
import java.util.Optional;

/**
 * Decides whether an entry that was found may be served. The defaults are those of a
 * cache whose entries nothing can confirm: each is served as it was stored.
 *
 * @param <E> the entry
 */
public interface Verifier<E extends CacheEntry> {

    /** A verifier that serves everything. */
    static <E extends CacheEntry> Verifier<E> none() {
        return new Verifier<>() {
        };
    }

    /** Whether an entry may be served at once, as it is. */
    default boolean isFresh(E entry) {
        return true;
    }

    /**
     * Verifies an entry that was found.
     * @return the entry to serve, marked where it is stale; empty when it must not be
     * served
     */
    default Optional<E> verify(E entry) {
        return Optional.of(entry);
    }

    /** As {@link #verify}, for many at the same time. */
    default List<E> verifyAll(List<E> entries) {
        return entries;
    }

    /** The same entry, marked if it is stale. */
    default E markIfStale(E entry) {
        return entry;
    }

    /**
     * Finds out whether an unknown entry is true, and stores it if it is.
     */
    default Optional<E> resolve(E requested) {
        return Optional.empty();
    }

    /** What to answer for a key that was not found. */
    default ProblemException notFound(CacheKey key) {
        return ProblemException.miss();
    }

    /** An entry was stored, or may have been. */
    default void onPut(CacheKey key) {
        // a verifier that knows nothing of the entry has nothing to forget
    }

}
