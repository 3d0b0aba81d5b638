package dev.dejavu.cache;

import java.util.List;

/**
 * What a caller looked up, and what it found.
 *
 * @param cache the name of the cache
 * @param hits the entries that it was given
 * @param misses the keys of which it was given none, in its overlay
 */
public record Lookup(String cache, Caller caller, List<? extends CacheEntry> hits, List<CacheKey> misses) {

    static Lookup hit(String cache, Caller caller, CacheEntry entry) {
        return new Lookup(cache, caller, List.of(entry), List.of());
    }

    static Lookup miss(String cache, Caller caller, CacheKey key) {
        return new Lookup(cache, caller, List.of(), List.of(key));
    }

    /** How many keys were looked up. */
    public int size() {
        return hits.size() + misses.size();
    }

}
