package dev.dejavu.image;

import java.time.Clock;
import java.time.Duration;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

import dev.dejavu.cache.Freshness;

/**
 * How long an image counts.
 *
 * @param ttl the age at which it is no longer served
 */
@ConfigurationProperties("dejavu.image")
public record ImageCacheProperties(@DefaultValue("30d") Duration ttl) {

    public ImageCacheProperties {
        Freshness.checkTtl("dejavu.image.ttl", ttl);
    }

    Freshness freshness(Clock clock) {
        return new Freshness(ttl, clock);
    }

}
