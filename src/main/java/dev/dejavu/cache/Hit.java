package dev.dejavu.cache;

import java.util.function.Function;

/**
 * An entry in memory, with the representation that is made of it once for all callers.
 *
 * @param <E> the entry
 */
public interface Hit<E extends CacheEntry> {

    E entry();

    /**
     * The representation for callers that do not see authors.
     * @param maker makes it the first time
     */
    Representation representation(Function<CacheEntry, Representation> maker);

}
