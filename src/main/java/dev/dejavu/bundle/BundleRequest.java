package dev.dejavu.bundle;

import java.time.Instant;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

import dev.dejavu.api.BodyFields;
import dev.dejavu.api.CostField;
import dev.dejavu.api.PlainText;
import dev.dejavu.api.SharingProperties;
import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.TimeToLive;

/**
 * The body of a PUT: a bundle, with or without the parts of its key.
 */
record BundleRequest(@Nullable String hashDigest, @Nullable String remotePath, @Nullable String scope,
        @Nullable String filesDigest, @Nullable String fingerprint, @Nullable CostField cost) {

    private static final int MAX_SCOPE = 512;

    private static final int MAX_DIGEST = 128;

    private static final int MAX_HASH_LENGTH = 256;

    private static final int MAX_FINGERPRINT = 128;

    /**
     * The entry to store under a key.
     * @throws ProblemException for anything that is wrong with the body
     */
    CachedBundle toBundle(CacheKey digest, BundleCacheProperties properties, TimeToLive timeToLive,
            SharingProperties sharing) {
        String hash = BodyFields.required("hash_digest", hashDigest);
        String path = BodyFields.required("remote_path", remotePath);
        BundleParts parts = parts();
        if (hash.length() > MAX_HASH_LENGTH || PlainText.hasWhiteSpace(hash) || !PlainText.isPlain(hash)) {
            throw new ProblemException(Problem.INVALID_HASH_DIGEST,
                    "hash_digest must be " + MAX_HASH_LENGTH + " characters at most, without white space.");
        }
        if (parts != null) {
            BodyFields.requireMatchingKey(digest, parts.key());
            sharing.requireShareable(parts);
        }
        check(RemotePath.parse(path), parts, properties, sharing);
        Instant now = timeToLive.now();
        return new CachedBundle(digest, hash, path, parts,
                BodyFields.optional("fingerprint", fingerprint, MAX_FINGERPRINT), CostField.read(cost), now,
                timeToLive.expiresAt(digest, now), null, null);
    }

    /**
     * A bundle with the key that the parts make, in the overlay of the caller, to compare
     * others with: it has no value. All parts are required.
     * @throws ProblemException for anything that is wrong with the body
     */
    CachedBundle toKeyedBundle(Cache<CachedBundle> bundles, SharingProperties sharing) {
        BodyFields.required("scope", scope);
        BodyFields.required("files_digest", filesDigest);
        BundleParts parts = Objects.requireNonNull(parts());
        sharing.requireShareable(parts);
        CacheKey key = bundles.key(parts.key().hex());
        Instant now = bundles.timeToLive().now();
        return new CachedBundle(key, "", "", parts, BodyFields.optional("fingerprint", fingerprint, MAX_FINGERPRINT),
                null, now, bundles.timeToLive().expiresAt(key, now), null, null);
    }

    private static void check(RemotePath path, @Nullable BundleParts parts, BundleCacheProperties properties,
            SharingProperties sharing) {
        boolean local = path.isLocal();
        sharing.requireShareable(local, "remote_path can be reached from one machine only.");
        if (!local && !path.isUnder(properties.allowedPaths())) {
            throw new ProblemException(Problem.REMOTE_PATH_NOT_ALLOWED, "remote_path must be under "
                    + String.join(", ", properties.allowedPaths()) + ", without password, query or fragment.");
        }
        if (parts != null && properties.checkPath() && !path.isOf(parts)) {
            throw new ProblemException(Problem.VALUE_MISMATCH,
                    "remote_path must be under /project/domain/ of the scope,"
                            + " in a file whose name has the files_digest.");
        }
    }

    private @Nullable BundleParts parts() {
        if (scope == null && filesDigest == null) {
            return null;
        }
        if (scope == null || filesDigest == null) {
            throw BodyFields.malformed("scope and files_digest must be given together.");
        }
        // A colon would make another scope have the same key.
        if (!BodyFields.required("files_digest", filesDigest).matches("[0-9A-Za-z._-]+")) {
            throw BodyFields.malformed("files_digest must have letters, digits, dots, hyphens and _ alone.");
        }
        return new BundleParts(BodyFields.plain("scope", scope, MAX_SCOPE),
                BodyFields.plain("files_digest", filesDigest, MAX_DIGEST));
    }

}
