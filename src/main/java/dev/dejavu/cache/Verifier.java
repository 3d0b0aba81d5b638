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

    /** Whether an entry may not be served before {@link #verify} has seen it. */
    default boolean mustVerify(E entry) {
        return false;
    }

    /** Whether an entry may be served, as stale, while nothing can verify it. */
    default boolean mayServeStale(E entry) {
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

    /** Those of the entries that are confirmed, and not by a client alone. */
    default List<E> confirmAll(List<E> entries) {
        return List.of();
    }

    /** The same entries in the same order, those marked that are stale. */
    default List<E> markStale(List<E> entries) {
        return entries;
    }

    /** The same entry as it is served, which counts if it is stale. */
    default E serve(E entry) {
        return entry;
    }

    /**
     * Finds out whether an unknown entry is true, and stores it if it is.
     */
    default Optional<E> resolve(E requested) {
        return Optional.empty();
    }

    /**
     * Invalidates an entry: it is not served before it is verified again.
     * @return whether something will verify it; if not, it is unchanged
     */
    default boolean invalidate(E entry) {
        return false;
    }

    /**
     * Checks an entry, whether that is due or not, and waits a moment for the result.
     * @return whether something was asked
     */
    default boolean check(E entry) {
        return false;
    }

    /** Whether an entry is not served again unless somebody stores it. */
    default boolean isLost(E entry) {
        return false;
    }

    /** What to answer for a key that was not found. */
    default ProblemException notFound(CacheKey key) {
        return ProblemException.miss();
    }

    /** An entry was stored, or may have been. */
    default void onPut(CacheKey key) {
        // a verifier that knows nothing of the entry has nothing to forget
    }

    /** An entry was stored: verifies it behind the answer. */
    default void onStored(E entry) {
        // a verifier that can confirm nothing
    }

}
