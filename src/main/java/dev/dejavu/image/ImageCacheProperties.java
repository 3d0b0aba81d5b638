package dev.dejavu.image;

import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.convert.DurationUnit;

import dev.dejavu.cache.Freshness;

/**
 * How long an image counts.
 *
 * @param ttl the age at which it is no longer served; days, unless it names a unit
 */
@ConfigurationProperties("dejavu.image")
record ImageCacheProperties(@DefaultValue("30d") @DurationUnit(ChronoUnit.DAYS) Duration ttl) {

    ImageCacheProperties {
        Freshness.checkTtl("dejavu.image.ttl", ttl);
    }

    Freshness freshness(Clock clock) {
        return new Freshness(ttl, clock);
    }

}
