package dev.dejavu.image;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Repository;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.OverlayProperties;
import dev.dejavu.cache.VerifiableRepository;
import dev.dejavu.cache.Verification;
import dev.dejavu.storage.CacheDatabase;
import dev.dejavu.storage.JdbcCacheRepository;
import dev.dejavu.storage.TableNames;
import dev.dejavu.storage.Upsert;

/**
 * The table {@code image_cache}.
 */
@Repository
class ImageCacheRepository extends JdbcCacheRepository<CachedImage> implements VerifiableRepository<CachedImage> {

    /** No number that has not been given here, as one that a lost database gave. */
    private static final String AS_OF = """
            (select case when number < :verifiedAsOf then number else :verifiedAsOf end
                from registry_counter where name = 'events')""";

    private static final String KEEPS_COST = """
            excluded.cost_seconds is null and image_cache.created_at > {cutoff}
                    and image_cache.image_uri = excluded.image_uri""";

    private static final String ROW = """
            (:hash, :overlay, :imageUri, :scope, :repository, :tag, :platforms, :buildRun, :costSeconds,
                :costBytes, :createdAt, :writtenBy, :verifiedAt, :verifiedBy, :manifestDigest, :restedOn, {asOf},
                :createdAt, 1)""".replace("{asOf}", AS_OF);

    private static final String PUT = """
            insert into image_cache (hash, overlay, image_uri, scope, repository, tag, platforms, build_run, cost_seconds,
                cost_bytes, created_at, written_by, verified_at, verified_by, manifest_digest, rested_on, verified_as_of,
                first_put_at, revision)
            values {rows}
            on conflict (hash, overlay) do update set
                image_uri = excluded.image_uri, scope = excluded.scope, repository = excluded.repository,
                tag = excluded.tag, platforms = excluded.platforms, build_run = excluded.build_run,
                cost_seconds = case when {keepsCost} then image_cache.cost_seconds else excluded.cost_seconds end,
                cost_bytes = case when {keepsCost} then image_cache.cost_bytes else excluded.cost_bytes end,
                created_at = excluded.created_at,
                written_by = case when image_cache.created_at > {cutoff}
                    and image_cache.image_uri = excluded.image_uri
                    then coalesce(image_cache.written_by, excluded.written_by) else excluded.written_by end,
                verified_at = excluded.verified_at,
                verified_by = excluded.verified_by, manifest_digest = excluded.manifest_digest,
                rested_on = excluded.rested_on, verified_as_of = excluded.verified_as_of,
                first_put_at = case when image_cache.created_at > {cutoff}
                    then coalesce(image_cache.first_put_at, image_cache.created_at) else excluded.created_at end,
                revision = case when image_cache.created_at > {cutoff} then image_cache.revision + 1 else 1 end,
                previous_value = case when image_cache.created_at > {cutoff}
                    and image_cache.image_uri <> excluded.image_uri then image_cache.image_uri end,
                previous_author = image_cache.written_by
            returning hash, overlay, revision, previous_value, previous_author, first_put_at, written_by, verified_as_of,
                invalidated_as_of, cost_seconds, cost_bytes
            """
        .replace("{keepsCost}", KEEPS_COST);

    private static final String REPLACE = """
            update image_cache set verified_at = :verifiedAt, verified_by = :verifiedBy, manifest_digest = :manifestDigest,
                rested_on = :restedOn, verified_as_of = {asOf}
            where hash = :hash and overlay = :overlay and image_uri = :imageUri and created_at = :createdAt
                and coalesce(verified_at, created_at) = :expectedVerifiedAt and verified_as_of = :expectedAsOf
            """
        .replace("{asOf}", AS_OF);

    private static final String REMOVE_IF_UNCHANGED = """
            delete from image_cache
            where hash = ? and overlay = ? and image_uri = ? and created_at = ?
                and coalesce(verified_at, created_at) = ? and verified_as_of = ?
            """;

    private static final String INVALIDATE = """
            update image_cache set invalidated_as_of = ? where hash = ? and overlay = ? and invalidated_as_of < ?
            """;

    static final String CONFIRMED = """
            select * from image_cache
            where image_uri = :imageUri and platforms = :platforms and verified_by = 'registry' and verified_at >= :after
                and verified_as_of >= invalidated_as_of and hash <> :hash and overlay in ('', :overlay)
                and created_at > :cutoff and (overlay = '' or created_at > :overlayCutoff)
            order by verified_at desc limit 100
            """;

    static final String OF_REPOSITORY = """
            select * from image_cache
            where registry_repository = :repository {condition}
                and created_at > :cutoff and (overlay = '' or created_at > :overlayCutoff) limit :limit
            """;

    static final String OF_VERSION = "and substr(image_uri, length(registry_repository) + 1) = :version";

    ImageCacheRepository(CacheDatabase database, ImageCacheProperties properties, OverlayProperties overlays,
            Clock clock) {
        super(database, "images", new TableNames("image_cache", "hash", "image_uri", "repository"),
                properties.timeToLive(overlays, clock),
                new Upsert<>(PUT, ROW, ImageCacheRepository::parameters, ImageCacheRepository::stored));
    }

    @Override
    public CacheKey key(String text) {
        return CacheKey.sha256(text);
    }

    private static CachedImage stored(CachedImage image, ResultSet row) throws SQLException {
        return image.withFirstPutAt(Instant.ofEpochMilli(row.getLong("first_put_at")))
            .withWrittenBy(row.getString("written_by"))
            .withCost(cost(row))
            .withVerification(image.verification()
                .withAsOf(row.getLong("verified_as_of"))
                .withInvalidatedAsOf(row.getLong("invalidated_as_of")));
    }

    private static Map<String, @Nullable Object> parameters(CachedImage image) {
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
        List<String> restedOn = verification.restedOn();
        parameters.put("restedOn", (restedOn != null) ? String.join(",", restedOn) : null);
        parameters.put("verifiedAsOf", verification.asOf());
        return parameters;
    }

    @Override
    public boolean replace(CachedImage expected, CachedImage update) {
        return updateInGroup(update.hash(),
                writing(REPLACE).params(verificationParameters(update))
                    .param("expectedVerifiedAt", expected.verification().verifiedAt().toEpochMilli())
                    .param("expectedAsOf", expected.verification().asOf()));
    }

    @Override
    public boolean removeIfUnchanged(CachedImage expected) {
        return updateInGroup(expected.hash(),
                writing(REMOVE_IF_UNCHANGED).param(expected.hash().hex())
                    .param(expected.hash().overlay())
                    .param(expected.imageUri())
                    .param(expected.createdAt().toEpochMilli())
                    .param(expected.verification().verifiedAt().toEpochMilli())
                    .param(expected.verification().asOf()));
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
    public void invalidate(CacheKey key, long number) {
        updateInGroup(key, writing(INVALIDATE).param(number).param(key.hex()).param(key.overlay()).param(number));
    }

    @Override
    public List<CachedImage> findByRepository(String repository, @Nullable String tag, int limit) {
        return reading(OF_REPOSITORY.replace("{condition}", (tag != null) ? OF_VERSION : ""))
            .param("repository", repository)
            .param("version", ":" + tag)
            .param("cutoff", timeToLive().cutoff())
            .param("overlayCutoff", timeToLive().overlayCutoff())
            .param("limit", limit)
            .query((row, number) -> entry(row))
            .list();
    }

    @Override
    protected CachedImage entry(ResultSet row) throws SQLException {
        CacheKey key = key(row);
        Instant createdAt = Instant.ofEpochMilli(row.getLong("created_at"));
        return new CachedImage(key, row.getString("image_uri"), parts(row), row.getString("build_run"), cost(row),
                createdAt, timeToLive().expiresAt(key, createdAt), row.getString("written_by"),
                verification(row, createdAt), firstPutAt(row, createdAt), null);
    }

    private static Instant firstPutAt(ResultSet row, Instant createdAt) throws SQLException {
        long first = row.getLong("first_put_at");
        return row.wasNull() ? createdAt : instant(first, createdAt);
    }

    /** One object for times that are equal, as most are: they stay in memory. */
    private static Instant instant(long millis, Instant other) {
        return (millis == other.toEpochMilli()) ? other : Instant.ofEpochMilli(millis);
    }

    /**
     * A row that an older version wrote has none, and a time below zero where that has
     * invalidated it.
     */
    private static Verification verification(ResultSet row, Instant createdAt) throws SQLException {
        String by = row.getString("verified_by");
        Verification.By verifier = (by != null) ? Verification.By.valueOf(by.toUpperCase(Locale.ROOT))
                : Verification.By.CLIENT;
        Instant at = (by != null) ? instant(row.getLong("verified_at"), createdAt) : createdAt;
        String restedOn = row.getString("rested_on");
        return new Verification(at, verifier, row.getString("manifest_digest"),
                (restedOn != null) ? digests(restedOn) : null, row.getLong("verified_as_of"),
                row.getLong("invalidated_as_of"), at.toEpochMilli() < 0);
    }

    private static List<String> digests(String joined) {
        return joined.isEmpty() ? List.of() : List.of(joined.split(","));
    }

    private static @Nullable ImageParts parts(ResultSet row) throws SQLException {
        String scope = row.getString("scope");
        return (scope != null) ? new ImageParts(scope, row.getString("repository"), row.getString("tag"),
                Arrays.asList(row.getString("platforms").split(","))) : null;
    }

}
