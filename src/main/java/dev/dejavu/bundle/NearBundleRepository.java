package dev.dejavu.bundle;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Caller;
import dev.dejavu.storage.CacheDatabase;

/**
 * Finds the rows of {@code bundle_cache} whose keys are like another: each statement
 * reads a bounded part of an index.
 */
@Repository
class NearBundleRepository {

    private static final String OF_KEY = "select * from bundle_cache where digest = :digest order by overlay limit 100";

    private static final String LIVE = """
             and created_at > :cutoff and (overlay = '' or created_at > :overlayCutoff)
                and (overlay in ('', :overlay) or :seesAll = 1)
            """;

    static final String SAME_FILES = "select * from bundle_cache where files_digest = :filesDigest" + LIVE
            + "order by created_at desc limit 100";

    static final String NEWEST_IN_SCOPE = "select * from bundle_cache where scope = :scope" + LIVE
            + "order by created_at desc limit 5";

    static final List<String> STATEMENTS = List.of(SAME_FILES, NEWEST_IN_SCOPE);

    private final CacheDatabase database;

    private final BundleCacheRepository table;

    NearBundleRepository(CacheDatabase database, BundleCacheRepository table) {
        this.database = database;
        this.table = table;
    }

    /** The rows of a key in the base and in all overlays, also expired ones. */
    List<CachedBundle> findRows(CacheKey key) {
        return entries(database.reader().sql(OF_KEY).param("digest", key.hex()));
    }

    /** Live entries that are like a bundle, of what a caller reads. */
    Set<CachedBundle> findNear(CachedBundle bundle, Caller caller) {
        BundleParts parts = Objects.requireNonNull(bundle.parts());
        Set<CachedBundle> found = new LinkedHashSet<>();
        for (String sql : STATEMENTS) {
            found.addAll(entries(database.reader()
                .sql(sql)
                .param("filesDigest", parts.filesDigest())
                .param("scope", parts.scope())
                .param("cutoff", table.timeToLive().cutoff())
                .param("overlayCutoff", table.timeToLive().overlayCutoff())
                .param("overlay", caller.overlay())
                .param("seesAll", caller.seesAll() ? 1 : 0)));
        }
        return found;
    }

    private List<CachedBundle> entries(JdbcClient.StatementSpec statement) {
        return statement.query((row, number) -> table.entry(row)).list();
    }

}
