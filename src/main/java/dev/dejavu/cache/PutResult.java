package dev.dejavu.cache;

import org.jspecify.annotations.Nullable;

/**
 * What a PUT did.
 *
 * @param entry as it is stored
 * @param created whether the key was new, which an expired entry leaves it
 * @param previousValue the value that was there, if it was another one
 */
public record PutResult<E extends CacheEntry>(E entry, boolean created, @Nullable String previousValue) {
}
