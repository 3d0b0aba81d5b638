package dev.dejavu.image;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

import org.springframework.stereotype.Component;

import dev.dejavu.api.SharingProperties;
import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Callers;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.history.Difference;
import dev.dejavu.history.Explainer;
import dev.dejavu.history.Explanation;
import dev.dejavu.history.Nearest;
import dev.dejavu.registry.ImageReference;

/**
 * Explains what a lookup of an image would answer.
 */
@Component
public class ImageExplainer {

    private final Cache<CachedImage> images;

    private final NearImageRepository repository;

    private final Explainer explainer;

    private final ImageCacheProperties properties;

    private final SharingProperties sharing;

    private final Callers callers;

    ImageExplainer(Cache<CachedImage> images, NearImageRepository repository, Explainer explainer,
            ImageCacheProperties properties, SharingProperties sharing, Callers callers) {
        this.images = images;
        this.repository = repository;
        this.explainer = explainer;
        this.properties = properties;
        this.sharing = sharing;
        this.callers = callers;
    }

    /**
     * Explains it for the parts of a key.
     * @param platforms as in {@code linux/amd64}, in any order
     * @throws ProblemException for parts that a PUT would refuse, and for those that the
     * caller may not read
     */
    public Explanation<? extends CacheEntry> explain(String scope, String repository, String tag,
            List<String> platforms) {
        return explain(new ImageRequest(null, scope, repository, tag, List.copyOf(platforms), null, null), false);
    }

    /**
     * Explains it for a key.
     * @throws ProblemException {@link Problem#MALFORMED_KEY}
     */
    public Explanation<? extends CacheEntry> explain(String hash) {
        CacheKey key = images.key(hash);
        return explainer.explain(images, key, () -> images.readable(repository.findRows(key)));
    }

    Explanation<CachedImage> explain(ImageRequest request, boolean isConfirmedOnly) {
        CachedImage requested = request.toKeyedImage(images, properties, sharing);
        return explainer.explain(images, requested, isConfirmedOnly,
                () -> images.readable(repository.findRows(requested.key())),
                () -> Nearest.of(images.readable(repository.findNear(requested, callers.current())),
                        (image) -> differences(requested, image)));
    }

    private static List<Difference> differences(CachedImage requested, CachedImage other) {
        ImageParts yours = Objects.requireNonNull(requested.parts());
        ImageParts theirs = other.parts();
        if (theirs == null) {
            return List.of();
        }
        return Stream.of(Difference.ofScopes(yours.scope(), theirs.scope()),
                Difference.of(canonical(yours).equals(canonical(theirs)) ? "repository-spelling" : "repository",
                        yours.repository(), theirs.repository()),
                Difference.of("tag", yours.tag(), theirs.tag()),
                Difference.of("platforms", String.join(",", yours.platforms()), String.join(",", theirs.platforms())))
            .flatMap((differences) -> differences)
            .toList();
    }

    private static String canonical(ImageParts parts) {
        ImageReference reference = ImageReference.parse(parts.uri());
        return (reference != null) ? reference.canonicalRepository() : parts.repository();
    }

}
