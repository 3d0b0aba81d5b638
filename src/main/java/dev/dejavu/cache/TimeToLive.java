package dev.dejavu.cache;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * How long an entry lives, and by which clock. Each read decides: an entry is live if it
 * was created after the cutoff. So another TTL acts at once on all entries.
 *
 * @param ttl the age at which an entry is no longer served
 * @param overlayTtl the same of an entry in an overlay, never more
 */
public record TimeToLive(Duration ttl, Duration overlayTtl, Clock clock) {

    private static final Duration MAX_TTL = Duration.ofDays(3650);

    public TimeToLive {
        overlayTtl = (overlayTtl.compareTo(ttl) < 0) ? overlayTtl : ttl;
    }

    /**
     * Requires a TTL of a sensible length.
     * @param setting the name of the setting, for the message
     */
    public static void requireValid(String setting, Duration ttl) {
        if (ttl.toMillis() <= 0 || ttl.compareTo(MAX_TTL) > 0) {
            throw new InvalidConfigurationPropertyValueException(setting, ttl, "must be from 1ms to 3650d");
        }
    }

    /**
     * The creation time of a new entry.
     * @return now, cut to the millisecond that the database keeps
     */
    public Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }

    public Instant expiresAt(CacheKey key, Instant createdAt) {
        return createdAt.plus(key.isInBase() ? ttl : overlayTtl);
    }

    /**
     * The newest creation time of an expired entry in the base. Whatever is as old has
     * expired in an overlay too.
     * @return epoch milliseconds
     */
    public long cutoff() {
        return clock.millis() - ttl.toMillis();
    }

    /** The newest creation time of an expired entry in an overlay. */
    public long overlayCutoff() {
        return clock.millis() - overlayTtl.toMillis();
    }

    /** The newest creation time of an expired entry of this key. */
    public long cutoff(CacheKey key) {
        return key.isInBase() ? cutoff() : overlayCutoff();
    }

}
