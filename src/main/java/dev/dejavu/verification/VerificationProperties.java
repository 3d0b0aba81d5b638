package dev.dejavu.verification;

import java.time.Duration;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * When an image is checked against its registry.
 *
 * @param enabled whether registries are asked at all
 * @param freshnessLifetime how long an image is served without a check after it was last
 * verified; zero checks at every lookup
 * @param strict check before the answer instead of in the background
 * @param negativeTtl how long a registry's "not found" is served as absent
 * @param newEntryGrace how long after a PUT a registry's "not found" does not remove the
 * entry, as some registries show a push late
 * @param checksPerSecond rate limit of the checks against one registry
 */
@ConfigurationProperties("dejavu.verification")
record VerificationProperties(@DefaultValue("true") boolean enabled, @DefaultValue("1h") Duration freshnessLifetime,
        @DefaultValue("false") boolean strict, @DefaultValue("30s") Duration negativeTtl,
        @DefaultValue("30s") Duration newEntryGrace, @DefaultValue("10") double checksPerSecond) {

    VerificationProperties {
        check("freshness-lifetime", freshnessLifetime, Duration.ofDays(3650));
        check("negative-ttl", negativeTtl, Duration.ofHours(1));
        check("new-entry-grace", newEntryGrace, Duration.ofHours(1));
        if (!(checksPerSecond > 0 && checksPerSecond <= 1000)) {
            throw new InvalidConfigurationPropertyValueException("dejavu.verification.checks-per-second",
                    checksPerSecond, "must be above 0, and 1000 at most");
        }
    }

    private static void check(String name, Duration value, Duration longest) {
        if (value.isNegative() || value.compareTo(longest) > 0) {
            throw new InvalidConfigurationPropertyValueException("dejavu.verification." + name, value,
                    "must be from 0s to " + longest.toHours() + "h");
        }
    }

}
