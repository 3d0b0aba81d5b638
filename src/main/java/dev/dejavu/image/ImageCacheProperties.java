package dev.dejavu.image;

import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.convert.DurationUnit;

import dev.dejavu.cache.OverlayProperties;
import dev.dejavu.cache.TimeToLive;
import dev.dejavu.registry.ImageReference;

/**
 * The image cache.
 *
 * @param ttl the age at which it is no longer served; days, unless it names a unit
 * @param prefixes registries, as in {@code registry.example.com/flyte}, under which a
 * remote builder publishes: an {@code image_uri} may be one of them, a slash, and what
 * the parts make
 */
@ConfigurationProperties("dejavu.image")
record ImageCacheProperties(@DefaultValue("30d") @DurationUnit(ChronoUnit.DAYS) Duration ttl,
        @DefaultValue List<String> prefixes) {

    ImageCacheProperties {
        for (String prefix : prefixes) {
            ImageReference reference = ImageReference.parse(prefix + "/any:any");
            if (reference == null || reference.registry().isEmpty()) {
                throw new InvalidConfigurationPropertyValueException("dejavu.image.prefixes", prefix,
                        "must be a registry, perhaps with a path, as in registry.example.com/flyte");
            }
        }
        TimeToLive.requireValid("dejavu.image.ttl", ttl);
    }

    TimeToLive timeToLive(OverlayProperties overlays, Clock clock) {
        return new TimeToLive(ttl, overlays.ttl(), clock);
    }

}
