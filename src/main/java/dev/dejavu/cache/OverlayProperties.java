package dev.dejavu.cache;

import java.time.Duration;
import java.time.temporal.ChronoUnit;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.convert.DurationUnit;

/**
 * Overlays.
 *
 * @param ttl the age at which an entry of an overlay is no longer served, where that is
 * less than the TTL of its cache; days, unless it names a unit
 */
@ConfigurationProperties("dejavu.overlay")
public record OverlayProperties(@DefaultValue("7d") @DurationUnit(ChronoUnit.DAYS) Duration ttl) {

    public OverlayProperties {
        TimeToLive.requireValid("dejavu.overlay.ttl", ttl);
    }

}
