package dev.dejavu.bundle;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

import dev.dejavu.cache.Batches;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheRepository;
import dev.dejavu.cache.Cursor;
import dev.dejavu.cache.PutResult;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.TimeToLive;

/**
 * All SQL of {@code bundle_cache}, the same for SQLite and PostgreSQL. A delete that
 * first looks says its condition twice: so PostgreSQL spares a row that another
 * connection writes again between the two.
 */
@Repository
class BundleCacheRepository implements CacheRepository<CachedBundle> {

    private static final String FIND = """
            select * from bundle_cache where digest = ? and created_at > ?
            """;

    private static final String FIND_ALL = """
            select * from bundle_cache where digest in (:digests) and created_at > :cutoff
            """;

    private static final String PUT = """
            insert into bundle_cache (digest, hash_digest, remote_path, scope, files_digest, created_at, written_by,
                revision)
            values (:digest, :hashDigest, :remotePath, :scope, :filesDigest, :createdAt, :writtenBy, 1)
            on conflict (digest) do update set
                hash_digest = excluded.hash_digest, remote_path = excluded.remote_path, scope = excluded.scope,
                files_digest = excluded.files_digest, created_at = excluded.created_at,
                written_by = excluded.written_by,
                revision = case when bundle_cache.created_at > :cutoff then bundle_cache.revision + 1 else 1 end,
                previous_value = case when bundle_cache.created_at > :cutoff
                    and (bundle_cache.remote_path <> excluded.remote_path
                        or bundle_cache.hash_digest <> excluded.hash_digest) then bundle_cache.remote_path end
            returning revision, previous_value
            """;

    private static final String REMOVE = """
            delete from bundle_cache where digest = ?
            """;

    private static final String REMOVE_IF_UNCHANGED = """
            delete from bundle_cache where digest = ? and created_at = ?
            """;

    private static final String KEYS = """
            select digest from bundle_cache where digest > :after %s order by digest limit :limit
            """;

    private static final String REMOVE_KEYS = """
            delete from bundle_cache where digest in (:digests) %s
            """;

    private static final String LIST = """
            select * from bundle_cache
            where created_at > :cutoff and (created_at, digest) < (:createdAt, :digest) %s
            order by created_at desc, digest desc limit :limit
            """;

    private static final String COUNT = """
            select count(*) from bundle_cache where created_at > ?
            """;

    private static final String PRUNE_EXPIRED = """
            delete from bundle_cache where created_at <= :cutoff and digest in (
                select digest from bundle_cache where created_at between :from and :cutoff
                order by created_at, digest limit :limit)
            returning created_at
            """;

    private final JdbcClient reader;

    private final JdbcClient writer;

    private final TimeToLive timeToLive;

    BundleCacheRepository(JdbcClient reader, JdbcClient writer, BundleCacheProperties properties, Clock clock) {
        this.reader = reader;
        this.writer = writer;
        this.timeToLive = properties.timeToLive(clock);
    }

    @Override
    public String name() {
        return "bundles";
    }

    @Override
    public TimeToLive timeToLive() {
        return timeToLive;
    }

    @Override
    public CacheKey key(String text) {
        return CacheKey.digest(text);
    }

    @Override
    public Optional<CachedBundle> find(CacheKey digest) {
        return reader.sql(FIND).param(digest.hex()).param(timeToLive.cutoff()).query(this::bundle).optional();
    }

    @Override
    public List<CachedBundle> findAll(Collection<CacheKey> digests) {
        return reader.sql(FIND_ALL)
            .param("digests", digests.stream().map(CacheKey::hex).toList())
            .param("cutoff", timeToLive.cutoff())
            .query(this::bundle)
            .list();
    }

    @Override
    public PutResult<CachedBundle> put(CachedBundle bundle) {
        BundleParts parts = bundle.parts();
        return writer.sql(PUT)
            .param("digest", bundle.digest().hex())
            .param("hashDigest", bundle.hashDigest())
            .param("remotePath", bundle.remotePath())
            .param("scope", (parts != null) ? parts.scope() : null)
            .param("filesDigest", (parts != null) ? parts.filesDigest() : null)
            .param("createdAt", bundle.createdAt().toEpochMilli())
            .param("cutoff", timeToLive.cutoff())
            .param("writtenBy", bundle.writtenBy())
            .query((row, number) -> new PutResult<>(bundle, row.getLong("revision") == 1,
                    row.getString("previous_value")))
            .single();
    }

    @Override
    public void remove(CacheKey digest) {
        writer.sql(REMOVE).param(digest.hex()).update();
    }

    /** Nobody can confirm a bundle, so there is nothing anew. */
    @Override
    public boolean replace(CachedBundle seen, CachedBundle bundle) {
        return false;
    }

    /** No registry knows bundles. */
    @Override
    public List<CacheKey> invalidate(RegistryEvent event) {
        return List.of();
    }

    @Override
    public boolean removeIfUnchanged(CachedBundle bundle) {
        return writer.sql(REMOVE_IF_UNCHANGED)
            .param(bundle.digest().hex())
            .param(bundle.createdAt().toEpochMilli())
            .update() > 0;
    }

    @Override
    public int removeAll(@Nullable String remotePath) {
        String condition = ofValue(remotePath);
        return Batches.sweep(
                (after, limit) -> reader.sql(KEYS.formatted(condition))
                    .param("after", after)
                    .param("remotePath", remotePath)
                    .param("limit", limit)
                    .query(String.class)
                    .list(),
                (keys) -> writer.sql(REMOVE_KEYS.formatted(condition))
                    .param("digests", keys)
                    .param("remotePath", remotePath)
                    .update());
    }

    @Override
    public List<CachedBundle> list(Cursor after, int limit, @Nullable String remotePath) {
        return reader.sql(LIST.formatted(ofValue(remotePath)))
            .param("cutoff", timeToLive.cutoff())
            .param("createdAt", after.createdAt())
            .param("digest", after.key())
            .param("remotePath", remotePath)
            .param("limit", limit)
            .query(this::bundle)
            .list();
    }

    @Override
    public long count() {
        return reader.sql(COUNT).param(timeToLive.cutoff()).query(Long.class).single();
    }

    @Override
    public List<Long> pruneExpired(long from, int limit) {
        return writer.sql(PRUNE_EXPIRED)
            .param("from", from)
            .param("cutoff", timeToLive.cutoff())
            .param("limit", limit)
            .query((row, number) -> row.getLong("created_at"))
            .list();
    }

    private CachedBundle bundle(ResultSet row, int number) throws SQLException {
        Instant createdAt = Instant.ofEpochMilli(row.getLong("created_at"));
        return new CachedBundle(new CacheKey(row.getString("digest")), row.getString("hash_digest"),
                row.getString("remote_path"), parts(row), createdAt, timeToLive.expiresAt(createdAt),
                row.getString("written_by"));
    }

    private static String ofValue(@Nullable String remotePath) {
        return (remotePath != null) ? "and remote_path = :remotePath" : "";
    }

    private static @Nullable BundleParts parts(ResultSet row) throws SQLException {
        String scope = row.getString("scope");
        return (scope != null) ? new BundleParts(scope, row.getString("files_digest")) : null;
    }

}
