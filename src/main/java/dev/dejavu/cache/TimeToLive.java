package dev.dejavu.cache;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * How long an entry counts, and by which clock. It is live while it was created after
 * {@link #cutoff()}, decided at each read: another TTL acts at once on all that is
 * stored.
 *
 * @param ttl the age at which an entry is no longer served
 */
public record TimeToLive(Duration ttl, Clock clock) {

    private static final Duration LONGEST = Duration.ofDays(3650);

    /**
     * Refuses a TTL that is no age.
     * @param setting its name, for the message
     */
    public static void checkTtl(String setting, Duration ttl) {
        if (ttl.toMillis() <= 0 || ttl.compareTo(LONGEST) > 0) {
            throw new InvalidConfigurationPropertyValueException(setting, ttl, "must be from 1ms to 3650d");
        }
    }

    /**
     * The moment to write on a new entry.
     * @return now, cut to the millisecond that the database keeps
     */
    public Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }

    public Instant expiresAt(Instant createdAt) {
        return createdAt.plus(ttl);
    }

    /**
     * The newest creation that no longer counts.
     * @return epoch milliseconds; an entry created then or before has expired
     */
    public long cutoff() {
        return clock.millis() - ttl.toMillis();
    }

}
