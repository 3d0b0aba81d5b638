package dev.dejavu.cache;

/**
 * An entry in a near cache, whose representation is the one for callers that do not see
 * authors.
 *
 * @param <E> the entry
 */
public interface NearHit<E extends CacheEntry> extends Hit<E> {

    /** The same hit, of its entry as it is served from now on. */
    NearHit<E> servedAs(E entry);

}
