package dev.dejavu.image;

import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.dejavu.api.BodyFields;
import dev.dejavu.api.SharingProperties;
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
        @Nullable String tag, @Nullable List<@Nullable String> platforms) {

    private static final int MAX_SCOPE = 512;

    private static final int MAX_REPOSITORY = 255;

    private static final int MAX_TAG = 128;

    private static final int MAX_PLATFORMS = 16;

    private static final int MAX_PLATFORM = 64;

    private static final Pattern PLATFORM = Pattern.compile("[!-+\\--~]+");

    /**
     * The entry to store under a key.
     * @throws ProblemException for anything that is wrong with the body
     */
    CachedImage toImage(CacheKey hash, TimeToLive timeToLive, SharingProperties sharing) {
        String uri = BodyFields.required("image_uri", imageUri);
        ImageParts parts = parts();
        sharing.requireShareable(isLocal(uri), "image_uri can be reached from one machine only, or names no registry.");
        if (parts != null) {
            BodyFields.requireMatchingKey(hash, parts.key());
        }
        Instant now = timeToLive.now();
        return new CachedImage(hash, uri, parts, now, timeToLive.expiresAt(now), null, Verification.byClient(now),
                null);
    }

    /**
     * The entry that the parts name; all of them are required.
     * @throws ProblemException for anything that is wrong with the body
     */
    CachedImage toKeyedImage(TimeToLive timeToLive, SharingProperties sharing) {
        String uri = BodyFields.required("repository", repository) + ":" + BodyFields.required("tag", tag);
        ImageRequest complete = new ImageRequest(uri, BodyFields.required("scope", scope), repository, tag,
                (platforms != null) ? platforms : List.of());
        ImageParts parts = complete.parts();
        if (parts == null) {
            throw new IllegalStateException("scope, repository and tag are there");
        }
        return complete.toImage(parts.key(), timeToLive, sharing);
    }

    private static boolean isLocal(String uri) {
        ImageReference reference = ImageReference.parse(uri);
        if (reference == null) {
            throw new ProblemException(Problem.INVALID_IMAGE_URI,
                    "image_uri must be host[:port]/name with a :tag, a @digest or both, in " + ImageReference.MAX_LENGTH
                            + " characters at most.");
        }
        return reference.registry().isEmpty() || LocalHosts.contains(reference.host());
    }

    private @Nullable ImageParts parts() {
        if (scope == null && repository == null && tag == null && platforms == null) {
            return null;
        }
        if (scope == null || repository == null || tag == null || platforms == null || platforms.isEmpty()) {
            throw BodyFields.malformed("scope, repository, tag and platforms must be given together.");
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
