package dev.dejavu.bundle;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import org.springframework.stereotype.Repository;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Caller;
import dev.dejavu.storage.NearRows;

import static dev.dejavu.storage.NearRows.LIVE;

/**
 * Finds the rows of {@code bundle_cache} whose keys are like another: each statement
 * reads a bounded part of an index.
 */
@Repository
class NearBundleRepository {

    static final String SAME_FILES = "select * from bundle_cache where files_digest = :filesDigest" + LIVE
            + "order by created_at desc limit 100";

    static final String NEWEST_IN_SCOPE = "select * from bundle_cache where scope = :scope" + LIVE
            + "order by created_at desc limit 6";

    static final List<String> STATEMENTS = List.of(SAME_FILES, NEWEST_IN_SCOPE);

    private final NearRows<CachedBundle> rows;

    NearBundleRepository(BundleCacheRepository table) {
        this.rows = new NearRows<>(table);
    }

    /** The rows of a key in the base and in all overlays, also expired ones. */
    List<CachedBundle> findRows(CacheKey key) {
        return rows.findOfKey(key);
    }

    /** Live entries that are like a bundle, of what a caller reads. */
    Set<CachedBundle> findNear(CachedBundle bundle, Caller caller) {
        BundleParts parts = Objects.requireNonNull(bundle.parts());
        return rows.find(STATEMENTS, Map.of("filesDigest", parts.filesDigest(), "scope", parts.scope()), caller);
    }

}
