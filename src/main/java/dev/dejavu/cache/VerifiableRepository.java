package dev.dejavu.cache;

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
     * Invalidates what events may have made untrue: it is not served before it is
     * verified again (RFC 9111, section 4.4).
     * @return the keys of all entries that the events may affect, invalidated or not
     */
    List<CacheKey> invalidate(List<RegistryEvent> events);

}
