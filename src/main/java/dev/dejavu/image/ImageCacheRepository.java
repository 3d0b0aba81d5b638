package dev.dejavu.image;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
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
import dev.dejavu.cache.Verification;

/**
 * All SQL of {@code image_cache}, the same for SQLite and PostgreSQL. A delete that first
 * looks says its condition twice: so PostgreSQL spares a row that another connection
 * writes again between the two.
 */
@Repository
class ImageCacheRepository implements CacheRepository<CachedImage> {

    private static final String FIND = """
            select * from image_cache where hash = ? and created_at > ?
            """;

    private static final String FIND_ALL = """
            select * from image_cache where hash in (:hashes) and created_at > :cutoff
            """;

    private static final String PUT = """
            insert into image_cache (hash, image_uri, scope, repository, tag, platforms, created_at, written_by,
                verified_at, verified_by, manifest_digest, revision)
            values (:hash, :imageUri, :scope, :repository, :tag, :platforms, :createdAt, :writtenBy,
                :verifiedAt, :verifiedBy, :manifestDigest, 1)
            on conflict (hash) do update set
                image_uri = excluded.image_uri, scope = excluded.scope, repository = excluded.repository,
                tag = excluded.tag, platforms = excluded.platforms, created_at = excluded.created_at,
                written_by = excluded.written_by, verified_at = excluded.verified_at,
                verified_by = excluded.verified_by, manifest_digest = excluded.manifest_digest,
                revision = case when image_cache.created_at > :cutoff then image_cache.revision + 1 else 1 end,
                previous_value = case when image_cache.created_at > :cutoff
                    and image_cache.image_uri <> excluded.image_uri then image_cache.image_uri end
            returning revision, previous_value
            """;

    private static final String REMOVE = """
            delete from image_cache where hash = ?
            """;

    private static final String REMOVE_IF_UNCHANGED = """
            delete from image_cache
            where hash = ? and created_at = ? and coalesce(verified_at, created_at) = ?
            """;

    private static final String UPDATE = """
            update image_cache set verified_at = :verifiedAt, verified_by = :verifiedBy, manifest_digest = :manifestDigest
            where hash = :hash and created_at = :createdAt and coalesce(verified_at, created_at) = :seenAt
            """;

    private static final String CONCERNED = """
            select hash from image_cache where registry_repository = :repository %s order by hash
            """;

    /**
     * Another number for each doubt, so that a look which began before it comes too late.
     */
    private static final String INVALIDATE = """
            update image_cache set verified_at = case when verified_at < 0 then verified_at - 1 else -1 end,
                verified_by = coalesce(verified_by, 'client')
            where hash in (:hashes) and registry_repository = :repository %s
            """;

    /** What is called by a digest is not moved by a tag. */
    private static final String TAGGED = "and substr(image_uri, length(registry_repository) + 1) = ':' || :tag";

    /** It leads to something else now; which platforms that has is not known. */
    private static final String MOVED = TAGGED + " and manifest_digest <> coalesce(:digest, '')";

    private static final String PERHAPS_MOVED = TAGGED + " and coalesce(manifest_digest, '?') <> coalesce(:digest, '')";

    private static final String KEYS = """
            select hash from image_cache where hash > :after %s order by hash limit :limit
            """;

    private static final String REMOVE_KEYS = """
            delete from image_cache where hash in (:hashes) %s
            """;

    private static final String LIST = """
            select * from image_cache
            where created_at > :cutoff and (created_at, hash) < (:createdAt, :hash) %s
            order by created_at desc, hash desc limit :limit
            """;

    private static final String COUNT = """
            select count(*) from image_cache where created_at > ?
            """;

    private static final String PRUNE_EXPIRED = """
            delete from image_cache where created_at <= :cutoff and hash in (
                select hash from image_cache where created_at between :from and :cutoff
                order by created_at, hash limit :limit)
            returning created_at
            """;

    private final JdbcClient reader;

    private final JdbcClient writer;

    private final TimeToLive timeToLive;

    ImageCacheRepository(JdbcClient reader, JdbcClient writer, ImageCacheProperties properties, Clock clock) {
        this.reader = reader;
        this.writer = writer;
        this.timeToLive = properties.timeToLive(clock);
    }

    @Override
    public String name() {
        return "images";
    }

    @Override
    public TimeToLive timeToLive() {
        return timeToLive;
    }

    @Override
    public CacheKey key(String text) {
        return CacheKey.sha256(text);
    }

    @Override
    public Optional<CachedImage> find(CacheKey hash) {
        return reader.sql(FIND).param(hash.hex()).param(timeToLive.cutoff()).query(this::image).optional();
    }

    @Override
    public List<CachedImage> findAll(Collection<CacheKey> hashes) {
        return reader.sql(FIND_ALL)
            .param("hashes", hashes.stream().map(CacheKey::hex).toList())
            .param("cutoff", timeToLive.cutoff())
            .query(this::image)
            .list();
    }

    @Override
    public PutResult<CachedImage> put(CachedImage image) {
        ImageParts parts = image.parts();
        Verification verification = image.verification();
        return writer.sql(PUT)
            .param("hash", image.hash().hex())
            .param("imageUri", image.imageUri())
            .param("scope", (parts != null) ? parts.scope() : null)
            .param("repository", (parts != null) ? parts.repository() : null)
            .param("tag", (parts != null) ? parts.tag() : null)
            .param("platforms", (parts != null) ? String.join(",", parts.platforms()) : null)
            .param("createdAt", image.createdAt().toEpochMilli())
            .param("cutoff", timeToLive.cutoff())
            .param("writtenBy", image.writtenBy())
            .param("verifiedAt", verification.verifiedAt().toEpochMilli())
            .param("verifiedBy", verification.verifiedBy().toString())
            .param("manifestDigest", verification.manifestDigest())
            .query((row, number) -> new PutResult<>(image, row.getLong("revision") == 1,
                    row.getString("previous_value")))
            .single();
    }

    @Override
    public void remove(CacheKey hash) {
        writer.sql(REMOVE).param(hash.hex()).update();
    }

    @Override
    public boolean replace(CachedImage seen, CachedImage image) {
        Verification verification = image.verification();
        return writer.sql(UPDATE)
            .param("hash", image.hash().hex())
            .param("createdAt", image.createdAt().toEpochMilli())
            .param("seenAt", seen.verification().verifiedAt().toEpochMilli())
            .param("verifiedAt", verification.verifiedAt().toEpochMilli())
            .param("verifiedBy", verification.verifiedBy().toString())
            .param("manifestDigest", verification.manifestDigest())
            .update() > 0;
    }

    @Override
    public List<CacheKey> invalidate(RegistryEvent event) {
        if (event.kind() == RegistryEvent.Kind.DELETE) {
            String condition = (event.tag() != null) ? TAGGED : "";
            return invalidate(event, condition, condition);
        }
        return (event.tag() != null) ? invalidate(event, PERHAPS_MOVED, MOVED) : List.of();
    }

    private List<CacheKey> invalidate(RegistryEvent event, String concerned, String invalidated) {
        List<String> hashes = reader.sql(CONCERNED.formatted(concerned))
            .param("repository", event.repository())
            .param("tag", event.tag())
            .param("digest", event.digest())
            .query((row, number) -> row.getString("hash"))
            .list();
        Batches.forEachBatch(hashes,
                (part) -> writer.sql(INVALIDATE.formatted(invalidated))
                    .param("hashes", part)
                    .param("repository", event.repository())
                    .param("tag", event.tag())
                    .param("digest", event.digest())
                    .update());
        return hashes.stream().map(CacheKey::new).toList();
    }

    @Override
    public boolean removeIfUnchanged(CachedImage image) {
        return writer.sql(REMOVE_IF_UNCHANGED)
            .param(image.hash().hex())
            .param(image.createdAt().toEpochMilli())
            .param(image.verification().verifiedAt().toEpochMilli())
            .update() > 0;
    }

    @Override
    public int removeAll(@Nullable String imageUri) {
        String condition = ofValue(imageUri);
        return Batches.sweep(
                (after, limit) -> reader.sql(KEYS.formatted(condition))
                    .param("after", after)
                    .param("imageUri", imageUri)
                    .param("limit", limit)
                    .query(String.class)
                    .list(),
                (keys) -> writer.sql(REMOVE_KEYS.formatted(condition))
                    .param("hashes", keys)
                    .param("imageUri", imageUri)
                    .update());
    }

    @Override
    public List<CachedImage> list(Cursor after, int limit, @Nullable String imageUri) {
        return reader.sql(LIST.formatted(ofValue(imageUri)))
            .param("cutoff", timeToLive.cutoff())
            .param("createdAt", after.createdAt())
            .param("hash", after.key())
            .param("imageUri", imageUri)
            .param("limit", limit)
            .query(this::image)
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

    private CachedImage image(ResultSet row, int number) throws SQLException {
        Instant createdAt = Instant.ofEpochMilli(row.getLong("created_at"));
        return new CachedImage(new CacheKey(row.getString("hash")), row.getString("image_uri"), parts(row), createdAt,
                timeToLive.expiresAt(createdAt), row.getString("written_by"), verification(row, createdAt), null);
    }

    /** A row that an older version wrote says none. */
    private static Verification verification(ResultSet row, Instant createdAt) throws SQLException {
        String by = row.getString("verified_by");
        return (by != null)
                ? new Verification(Instant.ofEpochMilli(row.getLong("verified_at")),
                        Verification.By.valueOf(by.toUpperCase(Locale.ROOT)), row.getString("manifest_digest"))
                : Verification.byClient(createdAt);
    }

    private static String ofValue(@Nullable String imageUri) {
        return (imageUri != null) ? "and image_uri = :imageUri" : "";
    }

    private static @Nullable ImageParts parts(ResultSet row) throws SQLException {
        String scope = row.getString("scope");
        return (scope != null) ? new ImageParts(scope, row.getString("repository"), row.getString("tag"),
                Arrays.asList(row.getString("platforms").split(","))) : null;
    }

}
