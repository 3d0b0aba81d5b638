package dev.dejavu.bundle;

import java.time.Clock;
import java.time.Duration;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

import dev.dejavu.cache.Freshness;

/**
 * How long a bundle counts.
 *
 * @param ttl the age at which it is no longer served
 */
@ConfigurationProperties("dejavu.bundle")
public record BundleCacheProperties(@DefaultValue("30d") Duration ttl) {

    public BundleCacheProperties {
        Freshness.checkTtl("dejavu.bundle.ttl", ttl);
    }

    Freshness freshness(Clock clock) {
        return new Freshness(ttl, clock);
    }

}
