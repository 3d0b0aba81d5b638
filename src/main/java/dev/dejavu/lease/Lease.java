package dev.dejavu.lease;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheKey;

/**
 * Who builds an image.
 *
 * @param place 0 for the holder; the next ones for those that build beside it
 * @param token that its holder has, and nobody else
 * @param waitingSince since when somebody has been waiting for it, epoch milliseconds;
 * {@code null} for nobody
 */
public record Lease(Build build, int place, String token, Instant since, Instant expiresAt,
        @Nullable Long waitingSince) {

    public CacheKey key() {
        return build.key();
    }

    /** Whether it was given beside another one, which takes long. */
    public boolean isHedge() {
        return place > 0;
    }

    boolean isLiveAt(long millis) {
        return expiresAt.toEpochMilli() > millis;
    }

}
