package dev.dejavu.image;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Repository;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.OverlayProperties;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.VerifiableRepository;
import dev.dejavu.cache.Verification;
import dev.dejavu.storage.CacheDatabase;
import dev.dejavu.storage.JdbcCacheRepository;
import dev.dejavu.storage.TableNames;

/**
 * The table {@code image_cache}.
 */
@Repository
class ImageCacheRepository extends JdbcCacheRepository<CachedImage> implements VerifiableRepository<CachedImage> {

    private static final String PUT = """
            insert into image_cache (hash, overlay, image_uri, scope, repository, tag, platforms, build_run, created_at, written_by,
                verified_at, verified_by, manifest_digest, first_put_at, revision)
            values (:hash, :overlay, :imageUri, :scope, :repository, :tag, :platforms, :buildRun, :createdAt, :writtenBy,
                :verifiedAt, :verifiedBy, :manifestDigest, :createdAt, 1)
            on conflict (hash, overlay) do update set
                image_uri = excluded.image_uri, scope = excluded.scope, repository = excluded.repository,
                tag = excluded.tag, platforms = excluded.platforms, build_run = excluded.build_run,
                created_at = excluded.created_at,
                written_by = case when image_cache.created_at > :cutoff
                    and image_cache.image_uri = excluded.image_uri
                    then coalesce(image_cache.written_by, excluded.written_by) else excluded.written_by end,
                verified_at = excluded.verified_at,
                verified_by = excluded.verified_by, manifest_digest = excluded.manifest_digest,
                first_put_at = case when image_cache.created_at > :cutoff
                    then coalesce(image_cache.first_put_at, image_cache.created_at) else excluded.created_at end,
                revision = case when image_cache.created_at > :cutoff then image_cache.revision + 1 else 1 end,
                previous_value = case when image_cache.created_at > :cutoff
                    and image_cache.image_uri <> excluded.image_uri then image_cache.image_uri end,
                previous_author = image_cache.written_by
            returning revision, previous_value, previous_author, first_put_at, written_by
            """;

    private static final String REPLACE = """
            update image_cache set verified_at = :verifiedAt, verified_by = :verifiedBy, manifest_digest = :manifestDigest
            where hash = :hash and overlay = :overlay and image_uri = :imageUri and created_at = :createdAt
                and coalesce(verified_at, created_at) = :expectedVerifiedAt
            """;

    private static final String REMOVE_IF_UNCHANGED = """
            delete from image_cache
            where hash = ? and overlay = ? and image_uri = ? and created_at = ?
                and coalesce(verified_at, created_at) = ?
            """;

    static final String CONFIRMED = """
            select * from image_cache
            where image_uri = :imageUri and platforms = :platforms and verified_by = 'registry' and verified_at >= :after
                and hash <> :hash and overlay in ('', :overlay)
                and created_at > :cutoff and (overlay = '' or created_at > :overlayCutoff)
            order by verified_at desc limit 100
            """;

    private static final String AFFECTED = """
            select hash, overlay, registry_repository, manifest_digest,
                substr(image_uri, length(registry_repository) + 1) as version
            from image_cache where registry_repository in (:repositories) {condition} order by hash, overlay
            """;

    private static final String OF_VERSIONS = "and substr(image_uri, length(registry_repository) + 1) in (:versions)";

    /**
     * Another number at each invalidation, so that a check which began before it comes
     * too late.
     */
    private static final String INVALIDATE = """
            with locked as materialized (
                select hash, overlay from image_cache where hash in (:hashes) and hash || '/' || overlay in (:keys)
                order by hash, overlay {lock})
            update image_cache set verified_at = case when verified_at < 0 then verified_at - 1 else -:now end,
                verified_by = coalesce(verified_by, 'client')
            where (hash, overlay) in (select hash, overlay from locked)
                and registry_repository in (:repositories) {condition}
            """;

    private final String rowLock;

    ImageCacheRepository(CacheDatabase database, ImageCacheProperties properties, OverlayProperties overlays,
            Clock clock) {
        super(database, "images", new TableNames("image_cache", "hash", "image_uri", "repository"),
                properties.timeToLive(overlays, clock));
        this.rowLock = database.rowLock();
    }

    @Override
    public CacheKey key(String text) {
        return CacheKey.sha256(text);
    }

    @Override
    protected String putSql() {
        return PUT;
    }

    @Override
    protected CachedImage stored(CachedImage image, ResultSet row) throws SQLException {
        return image.withFirstPutAt(Instant.ofEpochMilli(row.getLong("first_put_at")))
            .withWrittenBy(row.getString("written_by"));
    }

    @Override
    protected Map<String, @Nullable Object> parameters(CachedImage image) {
        ImageParts parts = image.parts();
        Map<String, @Nullable Object> parameters = verificationParameters(image);
        parameters.put("scope", (parts != null) ? parts.scope() : null);
        parameters.put("repository", (parts != null) ? parts.repository() : null);
        parameters.put("tag", (parts != null) ? parts.tag() : null);
        parameters.put("platforms", (parts != null) ? String.join(",", parts.platforms()) : null);
        parameters.put("buildRun", image.buildRun());
        parameters.put("writtenBy", image.writtenBy());
        return parameters;
    }

    private static Map<String, @Nullable Object> verificationParameters(CachedImage image) {
        Verification verification = image.verification();
        Map<String, @Nullable Object> parameters = new HashMap<>();
        parameters.put("hash", image.hash().hex());
        parameters.put("overlay", image.hash().overlay());
        parameters.put("imageUri", image.imageUri());
        parameters.put("createdAt", image.createdAt().toEpochMilli());
        parameters.put("verifiedAt", verification.verifiedAt().toEpochMilli());
        parameters.put("verifiedBy", verification.verifiedBy().toString());
        parameters.put("manifestDigest", verification.manifestDigest());
        return parameters;
    }

    @Override
    public boolean replace(CachedImage expected, CachedImage update) {
        return updateInGroup(update.hash(), writing(REPLACE).params(verificationParameters(update))
            .param("expectedVerifiedAt", expected.verification().verifiedAt().toEpochMilli()));
    }

    @Override
    public boolean removeIfUnchanged(CachedImage expected) {
        return writing(REMOVE_IF_UNCHANGED).param(expected.hash().hex())
            .param(expected.hash().overlay())
            .param(expected.imageUri())
            .param(expected.createdAt().toEpochMilli())
            .param(expected.verification().verifiedAt().toEpochMilli())
            .update() > 0;
    }

    @Override
    public List<CachedImage> findConfirmed(CachedImage image, Instant after) {
        return reading(CONFIRMED).params(parameters(image))
            .param("after", after.toEpochMilli())
            .param("cutoff", timeToLive().cutoff())
            .param("overlayCutoff", timeToLive().overlayCutoff())
            .query((row, number) -> entry(row))
            .list();
    }

    @Override
    public List<CacheKey> invalidate(List<RegistryEvent> events) {
        // A push without a tag moves nothing.
        Map<Boolean, List<RegistryEvent>> ofTags = events.stream()
            .filter((event) -> event.tag() != null || event.kind() == RegistryEvent.Kind.DELETE)
            .collect(Collectors.partitioningBy((event) -> event.tag() != null));
        Set<CacheKey> affected = new LinkedHashSet<>(invalidate(ofTags.getOrDefault(false, List.of()), ""));
        affected.addAll(invalidate(ofTags.getOrDefault(true, List.of()), OF_VERSIONS));
        return List.copyOf(affected);
    }

    private List<CacheKey> invalidate(List<RegistryEvent> events, String condition) {
        if (events.isEmpty()) {
            return List.of();
        }
        Map<String, List<RegistryEvent>> byRepository = events.stream()
            .collect(Collectors.groupingBy(RegistryEvent::repository));
        Map<String, Object> subjects = Map.of("repositories", byRepository.keySet(), "versions",
                events.stream().map((event) -> ":" + event.tag()).distinct().toList());
        List<Affected> affected = reading(AFFECTED.replace("{condition}", condition)).params(subjects)
            .query((row, number) -> affected(row, byRepository))
            .list();
        String sql = INVALIDATE.replace("{condition}", condition).replace("{lock}", rowLock);
        long now = timeToLive().now().toEpochMilli();
        forEachBatch(keys(affected, Affected::isInvalidated),
                (batch) -> writing(sql).params(subjects)
                    .param("now", now)
                    .param("hashes", batch.stream().map(CacheKey::hex).toList())
                    .param("keys", batch.stream().map((key) -> key.hex() + "/" + key.overlay()).toList())
                    .update());
        return keys(affected, Affected::isConcerned);
    }

    private static List<CacheKey> keys(List<Affected> affected, Predicate<Affected> which) {
        return affected.stream().filter(which).map(Affected::key).toList();
    }

    /**
     * A row of a repository that sent events.
     *
     * @param isConcerned whether one of them is about it
     * @param isInvalidated whether one of them may have made it untrue
     */
    private record Affected(CacheKey key, boolean isConcerned, boolean isInvalidated) {
    }

    private static Affected affected(ResultSet row, Map<String, List<RegistryEvent>> events) throws SQLException {
        String version = row.getString("version");
        String digest = row.getString("manifest_digest");
        List<RegistryEvent> about = events.getOrDefault(row.getString("registry_repository"), List.of())
            .stream()
            .filter((event) -> event.tag() == null || version.equals(":" + event.tag()))
            .filter((event) -> event.kind() == RegistryEvent.Kind.DELETE || digest == null
                    || !digest.equals(event.digest()))
            .toList();
        // A push over what no registry has confirmed yet may be the push of that.
        return new Affected(key(row), !about.isEmpty(),
                about.stream().anyMatch((event) -> event.kind() == RegistryEvent.Kind.DELETE || digest != null));
    }

    @Override
    protected CachedImage entry(ResultSet row) throws SQLException {
        CacheKey key = key(row);
        Instant createdAt = Instant.ofEpochMilli(row.getLong("created_at"));
        return new CachedImage(key, row.getString("image_uri"), parts(row), row.getString("build_run"), createdAt,
                timeToLive().expiresAt(key, createdAt), row.getString("written_by"), verification(row, createdAt),
                firstPutAt(row, createdAt), null);
    }

    private static Instant firstPutAt(ResultSet row, Instant createdAt) throws SQLException {
        long first = row.getLong("first_put_at");
        return row.wasNull() ? createdAt : Instant.ofEpochMilli(first);
    }

    private static CacheKey key(ResultSet row) throws SQLException {
        return new CacheKey(row.getString("hash"), row.getString("overlay"));
    }

    /** A row that an older version wrote has none. */
    private static Verification verification(ResultSet row, Instant createdAt) throws SQLException {
        String by = row.getString("verified_by");
        return (by != null)
                ? new Verification(Instant.ofEpochMilli(row.getLong("verified_at")),
                        Verification.By.valueOf(by.toUpperCase(Locale.ROOT)), row.getString("manifest_digest"))
                : Verification.byClient(createdAt);
    }

    private static @Nullable ImageParts parts(ResultSet row) throws SQLException {
        String scope = row.getString("scope");
        return (scope != null) ? new ImageParts(scope, row.getString("repository"), row.getString("tag"),
                Arrays.asList(row.getString("platforms").split(","))) : null;
    }

}
