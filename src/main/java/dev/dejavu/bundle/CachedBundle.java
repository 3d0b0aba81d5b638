package dev.dejavu.bundle;

import java.time.Instant;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;

/**
 * A code bundle that was uploaded.
 *
 * @param digest the key
 * @param hashDigest the MD5 of the tarball, which becomes the version of the task in
 * Flyte
 * @param remotePath where it was uploaded
 * @param parts the parts of the key, if the writer sent them
 * @param createdAt when it was stored, in milliseconds
 * @param expiresAt when it expires under the current TTL
 * @param writtenBy the author, if it is known
 */
record CachedBundle(CacheKey digest, String hashDigest, String remotePath, @JsonUnwrapped @Nullable BundleParts parts,
        Instant createdAt, Instant expiresAt, @Nullable String writtenBy) implements CacheEntry {

    @Override
    public CacheKey key() {
        return digest;
    }

    @Override
    public String value() {
        return remotePath;
    }

    @Override
    public boolean hasValueOf(CacheEntry other) {
        return other instanceof CachedBundle bundle && remotePath.equals(bundle.remotePath)
                && hashDigest.equals(bundle.hashDigest);
    }

    @Override
    public CachedBundle withWrittenBy(@Nullable String name) {
        return new CachedBundle(digest, hashDigest, remotePath, parts, createdAt, expiresAt, name);
    }

}
