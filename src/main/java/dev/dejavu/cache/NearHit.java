package dev.dejavu.cache;

import java.util.function.Function;

/**
 * An entry in a near cache, with its representation for all callers.
 *
 * @param <E> the entry
 */
public interface NearHit<E extends CacheEntry> {

    E entry();

    /** The same hit, of its entry as it is served from now on. */
    NearHit<E> servedAs(E entry);

    /**
     * The representation for callers that do not see authors.
     * @param maker makes it the first time
     */
    Representation representation(Function<CacheEntry, Representation> maker);

}
