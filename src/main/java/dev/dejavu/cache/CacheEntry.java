package dev.dejavu.cache;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/**
 * One record is the row, the model and the JSON.
 */
public interface CacheEntry {

    CacheKey key();

    /** What the cache says: an image URI or a remote path. */
    String value();

    Instant createdAt();

    Instant expiresAt();

    /** Who stored it, if that is known and may be told. */
    @Nullable String writtenBy();

    /** The same entry, stored by somebody else. */
    CacheEntry withWrittenBy(@Nullable String name);

}
