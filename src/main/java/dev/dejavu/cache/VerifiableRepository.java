package dev.dejavu.cache;

import java.time.Instant;
import java.util.List;

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
     * Invalidates what events may have made untrue: it is not served before it is
     * verified again (RFC 9111, section 4.4).
     * @return the keys of all entries that the events may affect, invalidated or not
     */
    List<CacheKey> invalidate(List<RegistryEvent> events);

}
