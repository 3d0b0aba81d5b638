package dev.dejavu.bundle;

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

/**
 * The bundle cache.
 *
 * @param ttl the age at which it is no longer served; days, unless it names a unit
 * @param allowedPaths prefixes of which a {@code remote_path} must have one
 * @param checkPath whether a {@code remote_path} must name the project, the domain and
 * the files digest that the parts name
 */
@ConfigurationProperties("dejavu.bundle")
record BundleCacheProperties(@DefaultValue("30d") @DurationUnit(ChronoUnit.DAYS) Duration ttl, @DefaultValue( {
        "s3://", "gs://", "abfs://", "abfss://" }) List<String> allowedPaths, @DefaultValue("true") boolean checkPath){

    BundleCacheProperties {
        TimeToLive.requireValid("dejavu.bundle.ttl", ttl);
        for (String prefix : allowedPaths) {
            if (!prefix.matches("[a-z][a-z0-9+.-]+://[!-~]*")) {
                throw new InvalidConfigurationPropertyValueException("dejavu.bundle.allowed-paths", prefix,
                        "must begin with a scheme, as in s3://my-bucket/flyte");
            }
        }
    }

    TimeToLive timeToLive(OverlayProperties overlays, Clock clock) {
        return new TimeToLive(ttl, overlays.ttl(), clock);
    }

}
