package dev.dejavu.cache;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * Persistence of entries that a registry can confirm.
 *
 * @param <E> the entry
 */
public interface VerifiableRepository<E extends VerifiableEntry> extends CacheRepository<E> {

    /**
     * Replaces an entry if its row is unchanged since {@code expected} was read. The TTL
     * is not restarted.
     * @return whether it was replaced
     */
    boolean replace(E expected, E update);

    /**
     * Removes an entry if its row is unchanged since {@code expected} was read.
     * @return whether it was removed
     */
    boolean removeIfUnchanged(E expected);

    /**
     * Finds what a registry has confirmed of the same value and platforms under other
     * keys of the base, or of the overlay of the entry: whoever stored it, it is a fact
     * about the registry.
     * @param after when it was confirmed, or later
     * @return the last confirmed first, some of them if there are many
     */
    List<E> findConfirmed(E entry, Instant after);

    /**
     * Takes an entry back: a verification that began before it knew the number does not
     * count.
     */
    void invalidate(CacheKey key, long number);

    /**
     * Finds live entries of a repository; those that spell its registry in another way
     * may be missing.
     * @param repository as {@link VerifiableEntry#registryRepository()} has it
     * @param tag as {@link VerifiableEntry#registryTag()} has it; {@code null} for any
     * @return in any order
     */
    List<E> findByRepository(String repository, @Nullable String tag, int limit);

}
