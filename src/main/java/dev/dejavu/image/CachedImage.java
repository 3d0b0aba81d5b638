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
 */
record CachedImage(CacheKey hash, String imageUri, @JsonUnwrapped @Nullable ImageParts parts, Instant createdAt,
        Instant expiresAt) implements CacheEntry {

    @Override
    public CacheKey key() {
        return hash;
    }

}
