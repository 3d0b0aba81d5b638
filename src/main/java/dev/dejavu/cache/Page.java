package dev.dejavu.cache;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * A page of the list, newest first.
 *
 * @param next the {@code after} of the next page; absent on the last one
 */
public record Page<E extends CacheEntry>(List<E> entries, @Nullable Cursor next) {
}
