package dev.dejavu.image;

import java.util.List;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

import dev.dejavu.api.BodyFields;
import dev.dejavu.lease.Build;

/**
 * The body of a request for a lease: the parts of a key, and who asks.
 */
record LeaseRequest(@Nullable String scope, @Nullable String repository, @Nullable String tag,
        @Nullable List<@Nullable String> platforms, @Nullable String holder) {

    private static final int MAX_HOLDER = 200;

    ImageRequest toImageRequest() {
        return new ImageRequest(null, scope, repository, tag, platforms, null, null);
    }

    /** What is to be built, of an image that was made of this request. */
    Build toBuild(CachedImage image, @Nullable String author) {
        ImageParts parts = Objects.requireNonNull(image.parts());
        return new Build(image.key(), parts.scope(), parts.repository(), image.imageUri(),
                BodyFields.optional("holder", holder, MAX_HOLDER), author);
    }

}
