package dev.dejavu.image;

import java.time.Instant;
import java.util.List;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Cost;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.Verification;
import dev.dejavu.registry.ImageReference;

/**
 * An image that was seen in its registry.
 *
 * @param hash the key
 * @param imageUri the OCI reference
 * @param parts the parts of the key, if the writer sent them
 * @param buildRun the run of the remote builder that made it, if the writer named it
 * @param cost of finding it out or of building it, if a writer said so
 * @param createdAt when it was stored, in milliseconds
 * @param expiresAt when it expires under the current TTL
 * @param writtenBy the author, if it is known
 * @param verification its last verification
 * @param firstPutAt when a live entry was first stored under its key
 * @param stale true when its freshness lifetime is over and it was not verified again;
 * else absent
 */
public record CachedImage(CacheKey hash, String imageUri, @JsonUnwrapped @Nullable ImageParts parts,
        @Nullable String buildRun, @Nullable Cost cost, Instant createdAt, Instant expiresAt,
        @Nullable String writtenBy, @JsonUnwrapped Verification verification, @JsonIgnore Instant firstPutAt,
        @Nullable Boolean stale) implements VerifiableEntry {

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
        return new CachedImage(hash, imageUri, parts, buildRun, cost, createdAt, expiresAt, name, verification,
                firstPutAt, stale);
    }

    @Override
    public String registryRepository() {
        ImageReference reference = ImageReference.parse(imageUri);
        return (reference != null) ? reference.canonicalRepository() : imageUri;
    }

    @Override
    public @Nullable String registryTag() {
        ImageReference reference = ImageReference.parse(imageUri);
        return (reference != null && reference.digest() == null) ? reference.tag() : null;
    }

    @Override
    public List<String> platforms() {
        return (parts != null) ? parts.platforms() : List.of();
    }

    @Override
    public CachedImage withVerification(Verification latest) {
        return new CachedImage(hash, imageUri, parts, buildRun, cost, createdAt, expiresAt, writtenBy, latest,
                firstPutAt, null);
    }

    /** The same entry, with another cost. */
    CachedImage withCost(@Nullable Cost known) {
        return new CachedImage(hash, imageUri, parts, buildRun, known, createdAt, expiresAt, writtenBy, verification,
                firstPutAt, stale);
    }

    /** The same entry, as a live one was first stored under its key at that time. */
    CachedImage withFirstPutAt(Instant first) {
        return new CachedImage(hash, imageUri, parts, buildRun, cost, createdAt, expiresAt, writtenBy, verification,
                first, stale);
    }

    @Override
    public CachedImage asStale() {
        return (stale != null) ? this : new CachedImage(hash, imageUri, parts, buildRun, cost, createdAt, expiresAt,
                writtenBy, verification, firstPutAt, true);
    }

}
