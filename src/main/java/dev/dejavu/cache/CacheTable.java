package dev.dejavu.cache;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * A cache's table: its entries by key, and all of them in order.
 *
 * @param <E> the entry
 */
public interface CacheTable<E extends CacheEntry> extends CacheRepository<E> {

    /** The name of the cache, as in {@code images}. */
    String name();

    TimeToLive timeToLive();

    /**
     * Reads a key of this cache.
     * @throws ProblemException {@link Problem#MALFORMED_KEY}
     */
    CacheKey key(String text);

    /**
     * A page, newest first.
     * @param value as for {@link #removeAll}
     */
    List<E> list(Cursor after, int limit, @Nullable String value);

    /** How many entries are live. */
    long count();

    /** Deletes some expired rows, as {@link Prunable#pruneExpired} says. */
    List<Long> pruneExpired(long from, int limit);

}
