package dev.dejavu.image;

import java.util.List;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.KeyParts;

/**
 * The parts of an image's key.
 *
 * @param scope {@code endpoint:project:domain} of the Flyte client
 * @param repository registry and name, as in {@code ghcr.io/acme/my-app}
 * @param tag the image's tag
 * @param platforms as in {@code linux/amd64}, sorted
 */
public record ImageParts(String scope, String repository, String tag, List<String> platforms) implements KeyParts {

    public ImageParts {
        platforms = platforms.stream().sorted().toList();
    }

    /** The URI of the image that has these parts. */
    String uri() {
        return repository + ":" + tag;
    }

    /**
     * Whether a reference is {@link #uri()}, with or without a digest.
     * @param prefixes registries under which it may be published as well
     */
    boolean make(String reference, List<String> prefixes) {
        String tagged = reference.replaceFirst("@.*", "");
        return tagged.equals(uri()) || prefixes.stream().anyMatch((prefix) -> tagged.equals(prefix + "/" + uri()));
    }

    /**
     * The SHA-256 of {@code scope:repository:tag:} and the platforms joined by commas.
     */
    CacheKey key() {
        return CacheKey.hashOf(String.join(":", scope, repository, tag, String.join(",", platforms)));
    }

}
