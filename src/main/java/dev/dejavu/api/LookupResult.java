package dev.dejavu.api;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;

/**
 * The result of a lookup of many keys.
 *
 * @param entries found, in the order of the request
 * @param missing the other keys, in the order of the request
 */
public record LookupResult<E extends CacheEntry>(List<E> entries, List<CacheKey> missing) {

    /** The result of a request for some keys. */
    public static <E extends CacheEntry> LookupResult<E> of(Set<CacheKey> keys, List<E> entries) {
        Set<String> found = entries.stream().map((entry) -> entry.key().hex()).collect(Collectors.toSet());
        return new LookupResult<>(entries, keys.stream().filter((key) -> !found.contains(key.hex())).toList());
    }

}
