package dev.dejavu.bundle;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Repository;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.OverlayProperties;
import dev.dejavu.storage.CacheDatabase;
import dev.dejavu.storage.JdbcCacheRepository;
import dev.dejavu.storage.TableNames;
import dev.dejavu.storage.Upsert;

/**
 * The table {@code bundle_cache}.
 */
@Repository
class BundleCacheRepository extends JdbcCacheRepository<CachedBundle> {

    private static final String KEEPS_COST = """
            excluded.cost_seconds is null and bundle_cache.created_at > {cutoff}
                    and bundle_cache.remote_path = excluded.remote_path
                    and bundle_cache.hash_digest = excluded.hash_digest""";

    private static final String ROW = """
            (:digest, :overlay, :hashDigest, :remotePath, :scope, :filesDigest, :fingerprint, :costSeconds,
                :costBytes, :createdAt, :writtenBy, 1)""";

    private static final String PUT = """
            insert into bundle_cache (digest, overlay, hash_digest, remote_path, scope, files_digest, fingerprint, cost_seconds,
                cost_bytes, created_at, written_by, revision)
            values {rows}
            on conflict (digest, overlay) do update set
                hash_digest = excluded.hash_digest, remote_path = excluded.remote_path, scope = excluded.scope,
                files_digest = excluded.files_digest, fingerprint = excluded.fingerprint,
                cost_seconds = case when {keepsCost} then bundle_cache.cost_seconds else excluded.cost_seconds end,
                cost_bytes = case when {keepsCost} then bundle_cache.cost_bytes else excluded.cost_bytes end,
                created_at = excluded.created_at,
                written_by = case when bundle_cache.created_at > {cutoff}
                    and bundle_cache.remote_path = excluded.remote_path
                    and bundle_cache.hash_digest = excluded.hash_digest
                    and (bundle_cache.fingerprint is null or bundle_cache.fingerprint = excluded.fingerprint)
                    then coalesce(bundle_cache.written_by, excluded.written_by) else excluded.written_by end,
                revision = case when bundle_cache.created_at > {cutoff} then bundle_cache.revision + 1 else 1 end,
                previous_value = case when bundle_cache.created_at > {cutoff}
                    and (bundle_cache.remote_path <> excluded.remote_path
                        or bundle_cache.hash_digest <> excluded.hash_digest
                        or bundle_cache.fingerprint <> coalesce(excluded.fingerprint, '')) then bundle_cache.remote_path end,
                previous_author = bundle_cache.written_by
            returning digest, overlay, revision, previous_value, previous_author, written_by, cost_seconds, cost_bytes
            """
        .replace("{keepsCost}", KEEPS_COST);

    BundleCacheRepository(CacheDatabase database, BundleCacheProperties properties, OverlayProperties overlays,
            Clock clock) {
        super(database, "bundles", new TableNames("bundle_cache", "digest", "remote_path", "null"),
                properties.timeToLive(overlays, clock),
                new Upsert<>(PUT, ROW, BundleCacheRepository::parameters, BundleCacheRepository::stored));
    }

    @Override
    public CacheKey key(String text) {
        return CacheKey.digest(text);
    }

    private static CachedBundle stored(CachedBundle bundle, ResultSet row) throws SQLException {
        return bundle.withWrittenBy(row.getString("written_by")).withCost(cost(row));
    }

    private static Map<String, @Nullable Object> parameters(CachedBundle bundle) {
        BundleParts parts = bundle.parts();
        Map<String, @Nullable Object> parameters = new HashMap<>();
        parameters.put("digest", bundle.digest().hex());
        parameters.put("overlay", bundle.digest().overlay());
        parameters.put("hashDigest", bundle.hashDigest());
        parameters.put("remotePath", bundle.remotePath());
        parameters.put("scope", (parts != null) ? parts.scope() : null);
        parameters.put("filesDigest", (parts != null) ? parts.filesDigest() : null);
        parameters.put("fingerprint", bundle.fingerprint());
        parameters.put("createdAt", bundle.createdAt().toEpochMilli());
        parameters.put("writtenBy", bundle.writtenBy());
        return parameters;
    }

    @Override
    protected CachedBundle entry(ResultSet row) throws SQLException {
        CacheKey key = key(row);
        Instant createdAt = Instant.ofEpochMilli(row.getLong("created_at"));
        return new CachedBundle(key, row.getString("hash_digest"), row.getString("remote_path"), parts(row),
                row.getString("fingerprint"), cost(row), createdAt, timeToLive().expiresAt(key, createdAt),
                row.getString("written_by"), null);
    }

    private static @Nullable BundleParts parts(ResultSet row) throws SQLException {
        String scope = row.getString("scope");
        return (scope != null) ? new BundleParts(scope, row.getString("files_digest")) : null;
    }

}
