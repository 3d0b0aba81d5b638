package dev.dejavu.image;

import java.time.Instant;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;

/**
 * An image that was seen in its registry.
 *
 * @param hash the key
 * @param imageUri the OCI reference
 * @param parts what the key is made of, if the writer told
 * @param createdAt when it was stored, in milliseconds
 * @param expiresAt when it ceases to be served under today's TTL
 * @param writtenBy who stored it, if that is known
 */
record CachedImage(CacheKey hash, String imageUri, @JsonUnwrapped @Nullable ImageParts parts, Instant createdAt,
        Instant expiresAt, @Nullable String writtenBy) implements CacheEntry {

    @Override
    public CacheKey key() {
        return hash;
    }

    @Override
    public String value() {
        return imageUri;
    }

    @Override
    public CachedImage withWrittenBy(@Nullable String name) {
        return new CachedImage(hash, imageUri, parts, createdAt, expiresAt, name);
    }

}
