package dev.dejavu.cache;

import org.jspecify.annotations.Nullable;

/**
 * The result of a PUT.
 *
 * @param entry as it is stored
 * @param created whether the key had no live entry
 * @param previousValue the value that it replaced, if that was another one
 */
public record PutResult<E extends CacheEntry>(E entry, boolean created, @Nullable String previousValue) {
}
