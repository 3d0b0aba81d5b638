package dev.dejavu.cache;

import java.util.List;

/**
 * What a caller looked up, and what it found.
 *
 * @param cache the name of the cache
 * @param hits the entries that it was given
 * @param misses the keys of which it was given none, in its overlay
 * @param isConfirmation whether the caller had the values before, so that hits save it
 * nothing
 */
public record Lookup(String cache, Caller caller, List<? extends CacheEntry> hits, List<CacheKey> misses,
        boolean isConfirmation) {

    /** How many keys were looked up. */
    public int size() {
        return hits.size() + misses.size();
    }

}
