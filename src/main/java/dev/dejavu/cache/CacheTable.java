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
     * The keys of some rows, expired ones too, in the order of {@link #removeSome}.
     * @param after the last key that was read before
     * @param limit how many at most
     */
    List<CacheKey> keys(CacheKey after, int limit);

    /**
     * A page, newest first; by a part of their keys, in the order of these.
     * @param overlay whose entries stand in place of the base's; empty for the base
     * alone, {@code null} for the base beside all overlays
     */
    List<E> list(Cursor after, int limit, Search search, @Nullable String overlay);

    /**
     * Counts some live entries of the base, oldest first.
     * @param after where the last count ended; {@code null} at the start
     * @param limit how many at most
     * @param byParts whether to count those that have parts, by their parts
     */
    CountedRows countSome(@Nullable Cursor after, int limit, boolean byParts);

    /**
     * The newest costs in the base.
     * @param repository of the entries; {@code null} for any
     * @param limit how many at most
     */
    List<Cost> newestCosts(@Nullable String repository, int limit);

    /** Deletes some expired rows, as {@link Prunable#pruneExpired} says. */
    List<Long> pruneExpired(long from, int limit);

    /** As {@link #pruneExpired}, in overlays alone, where entries expire earlier. */
    List<Long> pruneExpiredOverlays(long from, int limit);

}
