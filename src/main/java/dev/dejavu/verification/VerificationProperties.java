package dev.dejavu.verification;

import java.time.Duration;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * How long an entry is believed without a look into its registry.
 *
 * @param budget since it was last verified; zero looks at every lookup, which few
 * registries like
 * @param strict look before the answer instead of behind it
 * @param negativeTtl how long a registry's "absent" is passed on
 * @param grace how long a fresh PUT is believed more than its registry
 * @param rate looks a second into one registry
 */
@ConfigurationProperties("dejavu.verification")
record VerificationProperties(@DefaultValue("true") boolean enabled, @DefaultValue("1h") Duration budget,
        @DefaultValue("false") boolean strict, @DefaultValue("30s") Duration negativeTtl,
        @DefaultValue("30s") Duration grace, @DefaultValue("10") double rate) {

    VerificationProperties {
        check("budget", budget, Duration.ofDays(3650));
        check("negative-ttl", negativeTtl, Duration.ofHours(1));
        check("grace", grace, Duration.ofHours(1));
        if (!(rate > 0 && rate <= 1000)) {
            throw new InvalidConfigurationPropertyValueException("dejavu.verification.rate", rate,
                    "must be above 0, and 1000 at most");
        }
    }

    private static void check(String name, Duration value, Duration longest) {
        if (value.isNegative() || value.compareTo(longest) > 0) {
            throw new InvalidConfigurationPropertyValueException("dejavu.verification." + name, value,
                    "must be from 0s to " + longest.toHours() + "h");
        }
    }

}
