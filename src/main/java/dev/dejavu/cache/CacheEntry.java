package dev.dejavu.cache;

import java.time.Instant;

/**
 * One record is the row, the model and the JSON.
 */
public interface CacheEntry {

    CacheKey key();

    Instant createdAt();

    Instant expiresAt();

}
