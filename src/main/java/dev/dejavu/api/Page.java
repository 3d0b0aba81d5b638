package dev.dejavu.api;

import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.Cursor;

/**
 * A page of the list, newest first.
 *
 * @param next the {@code after} of the next page; absent on the last one
 */
public record Page<E extends CacheEntry>(List<E> entries, @Nullable Cursor next) {

    /**
     * Reads one entry more than the page has, to know whether another page follows.
     */
    public static <E extends CacheEntry> Page<E> of(Cache<E> cache, ListQuery query) {
        int limit = query.limit();
        List<E> entries = cache.list(query.after(), limit + 1, query.value());
        if (entries.size() <= limit) {
            return new Page<>(entries, null);
        }
        List<E> page = entries.subList(0, limit);
        return new Page<>(page, Cursor.after(page.getLast()));
    }

}
