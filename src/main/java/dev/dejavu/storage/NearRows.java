package dev.dejavu.storage;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Caller;

/**
 * Finds the rows of a cache's table whose keys are like another.
 *
 * @param <E> the entry
 */
public final class NearRows<E extends CacheEntry> {

    /** The condition of each statement: the row is live, and the caller reads it. */
    public static final String LIVE = """
             and created_at > :cutoff and (overlay = '' or created_at > :overlayCutoff)
                and (overlay in ('', :overlay) or :seesAll = 1)
            """;

    private static final String OF_KEY = "select * from {table} where {key} = ? order by overlay limit 100";

    private final JdbcCacheRepository<E> table;

    public NearRows(JdbcCacheRepository<E> table) {
        this.table = table;
    }

    /** The rows of a key in the base and in all overlays, also expired ones. */
    public List<E> findOfKey(CacheKey key) {
        return entries(table.reading(table.names().fill(OF_KEY)).param(key.hex()));
    }

    /**
     * What some statements find, in their order.
     * @param statements with {@link #LIVE}, each bounded
     * @param parameters of theirs
     */
    public Set<E> find(List<String> statements, Map<String, ?> parameters, Caller caller) {
        Set<E> found = new LinkedHashSet<>();
        for (String sql : statements) {
            found.addAll(entries(table.reading(sql)
                .params(parameters)
                .param("cutoff", table.timeToLive().cutoff())
                .param("overlayCutoff", table.timeToLive().overlayCutoff())
                .param("overlay", caller.overlay())
                .param("seesAll", caller.seesAll() ? 1 : 0)));
        }
        return found;
    }

    private List<E> entries(JdbcClient.StatementSpec statement) {
        return statement.query((row, number) -> table.entry(row)).list();
    }

}
