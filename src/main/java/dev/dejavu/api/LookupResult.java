package dev.dejavu.api;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;

/**
 * The result of a lookup of many keys.
 *
 * @param entries found, in the order of the request
 * @param missing the other keys, in the order of the request
 */
public record LookupResult<E extends CacheEntry>(List<E> entries, List<CacheKey> missing) {

    public static <E extends CacheEntry> LookupResult<E> of(Cache<E> cache, Set<CacheKey> keys) {
        Map<CacheKey, E> found = cache.findAll(keys)
            .stream()
            .collect(Collectors.toMap(CacheEntry::key, Function.identity()));
        return new LookupResult<>(keys.stream().map(found::get).filter(Objects::nonNull).toList(),
                keys.stream().filter((key) -> !found.containsKey(key)).toList());
    }

}
