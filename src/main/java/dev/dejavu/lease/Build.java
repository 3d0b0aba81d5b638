package dev.dejavu.lease;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.KeyParts;

/**
 * What somebody asks to build.
 *
 * @param imageUri that the parts make
 * @param holder as the caller calls itself, for people; {@code null} if it does not
 * @param author the name of the caller; {@code null} for an anonymous one
 */
public record Build(CacheKey key, String scope, String repository, String imageUri, @Nullable String holder,
        @Nullable String author) implements KeyParts {
}
