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
     * @param value of the entries to list; {@code null} for any
     * @param scope of the entries to list; {@code null} for any
     * @param overlay whose entries stand in place of the base's; empty for the base
     * alone, {@code null} for the base beside all overlays
     */
    List<E> list(Cursor after, int limit, @Nullable String value, @Nullable String scope, @Nullable String overlay);

    /** How many entries of the base are live. */
    long count();

    /** How many of them a grant covers. */
    long count(Grant grant);

    /** Deletes some expired rows, as {@link Prunable#pruneExpired} says. */
    List<Long> pruneExpired(long from, int limit);

    /** As {@link #pruneExpired}, in overlays alone, where entries expire earlier. */
    List<Long> pruneExpiredOverlays(long from, int limit);

}
