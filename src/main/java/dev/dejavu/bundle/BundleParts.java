package dev.dejavu.bundle;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.KeyParts;

/**
 * The parts of a bundle's key.
 *
 * @param scope {@code endpoint:project:domain} of the Flyte client
 * @param filesDigest the MD5 of the files that go into the bundle
 */
public record BundleParts(String scope, String filesDigest) implements KeyParts {

    @Override
    public @Nullable String repository() {
        return null;
    }

    /**
     * The SHA-256 of {@code scope:files_digest}.
     */
    CacheKey key() {
        return CacheKey.hashOf(scope + ":" + filesDigest);
    }

}
