package dev.dejavu.image;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.dejavu.api.BodyFields;
import dev.dejavu.api.CostField;
import dev.dejavu.api.SharingProperties;
import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.LocalHosts;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.TimeToLive;
import dev.dejavu.cache.Verification;
import dev.dejavu.registry.ImageReference;

/**
 * The body of a PUT or of a resolve: an image, with or without the parts of its key.
 */
record ImageRequest(@Nullable String imageUri, @Nullable String scope, @Nullable String repository,
        @Nullable String tag, @Nullable List<@Nullable String> platforms, @Nullable String buildRun,
        @Nullable CostField cost) {

    private static final int MAX_SCOPE = 512;

    private static final int MAX_REPOSITORY = 255;

    private static final int MAX_TAG = 128;

    private static final int MAX_PLATFORMS = 16;

    private static final int MAX_PLATFORM = 64;

    private static final int MAX_BUILD_RUN = 512;

    // A colon would make other parts have the same key.
    private static final Pattern PLATFORM = Pattern.compile("[!-+\\--9;-~]+");

    /** It could be the port of a registry whose name ends the scope: the same key. */
    private static final Pattern PORT_FIRST = Pattern.compile("\\d+/.*");

    /**
     * The entry to store under a key.
     * @throws ProblemException for anything that is wrong with the body
     */
    CachedImage toImage(CacheKey hash, ImageCacheProperties properties, TimeToLive timeToLive,
            SharingProperties sharing) {
        ImageParts parts = parts();
        if (parts != null) {
            BodyFields.requireMatchingKey(hash, parts.key());
            requireUnambiguous(parts);
            sharing.requireShareable(parts);
        }
        String uri = (parts != null && imageUri == null) ? parts.uri() : BodyFields.required("image_uri", imageUri);
        ImageReference reference = reference(uri);
        if (parts != null && !parts.make(uri, properties.prefixes())) {
            throw new ProblemException(Problem.VALUE_MISMATCH, "The parts make the image_uri " + parts.uri() + ".");
        }
        sharing.requireShareable(isLocal(reference),
                "image_uri can be reached from one machine only, or names no registry.");
        Instant now = timeToLive.now();
        return new CachedImage(hash, uri, parts, BodyFields.optional("build_run", buildRun, MAX_BUILD_RUN),
                CostField.read(cost), now, timeToLive.expiresAt(hash, now), null, Verification.byClient(now), now,
                null);
    }

    /**
     * The entry that the parts name, in the overlay of the caller; all of them are
     * required.
     * @throws ProblemException for anything that is wrong with the body
     */
    CachedImage toKeyedImage(Cache<CachedImage> images, ImageCacheProperties properties, SharingProperties sharing) {
        ImageRequest complete = new ImageRequest(null, BodyFields.required("scope", scope),
                BodyFields.required("repository", repository), BodyFields.required("tag", tag),
                (platforms != null) ? platforms : List.of(), null, null);
        ImageParts parts = Objects.requireNonNull(complete.parts());
        return complete.toImage(images.key(parts.key().hex()), properties, images.timeToLive(), sharing);
    }

    /**
     * Other parts could have the same key, if the end of the repository or a digest stood
     * in the tag.
     */
    private static void requireUnambiguous(ImageParts parts) {
        if (PORT_FIRST.matcher(parts.repository()).matches()) {
            throw new ProblemException(Problem.INVALID_IMAGE_URI, "repository must not begin with a number alone.");
        }
        if (!parts.tag().equals(reference(parts.uri()).tag())) {
            throw new ProblemException(Problem.INVALID_IMAGE_URI, "tag must be a tag alone.");
        }
    }

    private static ImageReference reference(String uri) {
        ImageReference reference = ImageReference.parse(uri);
        if (reference == null) {
            throw new ProblemException(Problem.INVALID_IMAGE_URI,
                    "image_uri must be host[:port]/name with a :tag, a @digest or both, in " + ImageReference.MAX_LENGTH
                            + " characters at most.");
        }
        return reference;
    }

    private static boolean isLocal(ImageReference reference) {
        return reference.registry().isEmpty() || LocalHosts.isOfOneMachine(reference.host());
    }

    private @Nullable ImageParts parts() {
        if (scope == null && repository == null && tag == null && platforms == null) {
            return null;
        }
        if (scope == null || repository == null || tag == null || platforms == null) {
            throw BodyFields.malformed("scope, repository, tag and platforms must be given together.");
        }
        if (platforms.isEmpty()) {
            throw BodyFields.malformed("platforms must not be empty.");
        }
        if (platforms.size() > MAX_PLATFORMS) {
            throw new ProblemException(Problem.TOO_LONG, "platforms must have " + MAX_PLATFORMS + " elements at most.");
        }
        return new ImageParts(BodyFields.plain("scope", scope, MAX_SCOPE),
                BodyFields.plain("repository", repository, MAX_REPOSITORY), BodyFields.plain("tag", tag, MAX_TAG),
                platforms.stream().map(ImageRequest::platform).toList());
    }

    private static String platform(@Nullable String platform) {
        if (platform == null || !PLATFORM.matcher(platform).matches()) {
            throw BodyFields.malformed("platforms[] must be as in linux/amd64.");
        }
        return BodyFields.plain("platforms[]", platform, MAX_PLATFORM);
    }

}
