package dev.dejavu.bundle;

import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.convert.DurationUnit;

import dev.dejavu.cache.TimeToLive;

/**
 * The bundle cache.
 *
 * @param ttl the age at which it is no longer served; days, unless it names a unit
 */
@ConfigurationProperties("dejavu.bundle")
record BundleCacheProperties(@DefaultValue("30d") @DurationUnit(ChronoUnit.DAYS) Duration ttl) {

    BundleCacheProperties {
        TimeToLive.requireValid("dejavu.bundle.ttl", ttl);
    }

    TimeToLive timeToLive(Clock clock) {
        return new TimeToLive(ttl, clock);
    }

}
