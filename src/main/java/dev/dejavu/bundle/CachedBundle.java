package dev.dejavu.bundle;

import java.time.Instant;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Cost;

/**
 * A code bundle that was uploaded.
 *
 * @param digest the key
 * @param hashDigest the MD5 of the tarball, which becomes the version of the task in
 * Flyte
 * @param remotePath where it was uploaded
 * @param parts the parts of the key, if the writer sent them
 * @param fingerprint what the client knows the archive by, if the writer sent it
 * @param cost of making and uploading it, if a writer said so
 * @param createdAt when it was stored, in milliseconds
 * @param expiresAt when it expires under the current TTL
 * @param writtenBy the author, if it is known
 * @param stale true when the database did not answer, and this is what it had shortly
 * before; else absent
 */
public record CachedBundle(CacheKey digest, String hashDigest, String remotePath,
        @JsonUnwrapped @Nullable BundleParts parts, @Nullable String fingerprint, @Nullable Cost cost,
        Instant createdAt, Instant expiresAt, @Nullable String writtenBy,
        @Nullable Boolean stale) implements CacheEntry {

    @Override
    public CacheKey key() {
        return digest;
    }

    @Override
    public String value() {
        return remotePath;
    }

    /** One that has no fingerprint may be given any. */
    @Override
    public boolean hasValueOf(CacheEntry other) {
        return other instanceof CachedBundle bundle && remotePath.equals(bundle.remotePath)
                && hashDigest.equals(bundle.hashDigest)
                && (fingerprint == null || fingerprint.equals(bundle.fingerprint));
    }

    @Override
    public CachedBundle withWrittenBy(@Nullable String name) {
        return new CachedBundle(digest, hashDigest, remotePath, parts, fingerprint, cost, createdAt, expiresAt, name,
                stale);
    }

    /** The same entry, with another cost. */
    CachedBundle withCost(@Nullable Cost known) {
        return new CachedBundle(digest, hashDigest, remotePath, parts, fingerprint, known, createdAt, expiresAt,
                writtenBy, stale);
    }

    @Override
    public CachedBundle asStale() {
        return (stale != null) ? this : new CachedBundle(digest, hashDigest, remotePath, parts, fingerprint, cost,
                createdAt, expiresAt, writtenBy, true);
    }

}
