package dev.dejavu.image;

import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.convert.DurationUnit;

import dev.dejavu.cache.TimeToLive;

/**
 * The image cache.
 *
 * @param ttl the age at which it is no longer served; days, unless it names a unit
 */
@ConfigurationProperties("dejavu.image")
record ImageCacheProperties(@DefaultValue("30d") @DurationUnit(ChronoUnit.DAYS) Duration ttl) {

    ImageCacheProperties {
        TimeToLive.requireValid("dejavu.image.ttl", ttl);
    }

    TimeToLive timeToLive(Clock clock) {
        return new TimeToLive(ttl, clock);
    }

}
