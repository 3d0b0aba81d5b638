package dev.dejavu.image;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import org.springframework.stereotype.Repository;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Caller;
import dev.dejavu.registry.ImageReference;
import dev.dejavu.storage.NearRows;

import static dev.dejavu.storage.NearRows.LIVE;

/**
 * Finds the rows of {@code image_cache} whose keys are like another: each statement reads
 * a bounded part of an index.
 */
@Repository
class NearImageRepository {

    /** As far as a common tag, a large repository or a large scope is read. */
    private static final String NEWEST = """
            select * from (select * from image_cache where {condition} and created_at > :cutoff
                order by created_at desc limit 500) newest where\s""";

    private static final String NEWEST_OF_REPOSITORY = NEWEST.replace("{condition}", "lower(repository) = :repository");

    static final String SAME_TAG = "select * from image_cache where registry_repository in (:spellings) "
            + ImageCacheRepository.OF_VERSION + " and scope = :scope" + LIVE + "limit 50";

    static final String TAG_IN_SCOPE = NEWEST.replace("{condition}", "tag = :tag") + "scope = :scope" + LIVE
            + "order by created_at desc limit 20";

    static final String BY_URI = "select * from image_cache where image_uri in (:uris)" + LIVE
            + "order by created_at desc limit 100";

    static final String REPOSITORY_IN_SCOPE = NEWEST_OF_REPOSITORY + "scope = :scope" + LIVE
            + "order by created_at desc limit 10";

    static final String IN_OTHER_SCOPES = NEWEST_OF_REPOSITORY + "scope is not null" + LIVE
            + "order by created_at desc limit 20";

    static final String NEWEST_IN_SCOPE = NEWEST.replace("{condition}", "scope = :scope")
            + "(tag = :tag or lower(repository) = :repository)" + LIVE + "order by created_at desc limit 30";

    static final List<String> STATEMENTS = List.of(SAME_TAG, TAG_IN_SCOPE, BY_URI, REPOSITORY_IN_SCOPE, IN_OTHER_SCOPES,
            NEWEST_IN_SCOPE);

    private final NearRows<CachedImage> rows;

    NearImageRepository(ImageCacheRepository table) {
        this.rows = new NearRows<>(table);
    }

    /** The rows of a key in the base and in all overlays, also expired ones. */
    List<CachedImage> findRows(CacheKey key) {
        return rows.findOfKey(key);
    }

    /** Live entries that are like an image, of what a caller reads. */
    Set<CachedImage> findNear(CachedImage image, Caller caller) {
        ImageParts parts = Objects.requireNonNull(image.parts());
        ImageReference reference = Objects.requireNonNull(ImageReference.parse(parts.uri()));
        Set<String> spellings = reference.spellings();
        return rows.find(STATEMENTS,
                Map.of("tag", parts.tag(), "version", ":" + parts.tag(), "scope", parts.scope(), "spellings", spellings,
                        "uris", spellings.stream().map((spelling) -> spelling + ":" + parts.tag()).toList(),
                        "repository", parts.repository().toLowerCase(Locale.ROOT)),
                caller);
    }

}
