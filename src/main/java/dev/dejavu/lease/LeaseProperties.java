package dev.dejavu.lease;

import java.time.Duration;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * Leases.
 *
 * @param ttl how long a lease lives that is not renewed
 * @param hedge how many times the median of earlier builds somebody waits for a lease
 * before another one is given beside it; 0 for never
 * @param maxPerCaller leases that one caller may hold, and requests of it that may wait
 * on an instance
 */
@ConfigurationProperties("dejavu.lease")
record LeaseProperties(@DefaultValue("30s") Duration ttl, @DefaultValue("2") double hedge,
        @DefaultValue("1000") int maxPerCaller) {

    private static final Duration MIN_TTL = Duration.ofSeconds(1);

    private static final Duration MAX_TTL = Duration.ofHours(1);

    private static final int MAX_HEDGE = 1000;

    private static final int MAX_PER_CALLER = 100_000;

    LeaseProperties {
        if (ttl.compareTo(MIN_TTL) < 0 || ttl.compareTo(MAX_TTL) > 0) {
            throw new InvalidConfigurationPropertyValueException("dejavu.lease.ttl", ttl, "must be from 1s to 1h");
        }
        if (!(hedge >= 0 && hedge <= MAX_HEDGE)) {
            throw new InvalidConfigurationPropertyValueException("dejavu.lease.hedge", hedge,
                    "must be from 0 to " + MAX_HEDGE);
        }
        if (maxPerCaller < 1 || maxPerCaller > MAX_PER_CALLER) {
            throw new InvalidConfigurationPropertyValueException("dejavu.lease.max-per-caller", maxPerCaller,
                    "must be from 1 to " + MAX_PER_CALLER);
        }
    }

}
