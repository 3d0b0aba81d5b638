package dev.dejavu.web;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * How many requests one caller may send.
 *
 * @param writesPerSecond PUTs in the long run; 0 turns the limit off
 * @param writesBurst PUTs at once, after a pause
 * @param resolvesPerSecond resolves in the long run; 0 turns the limit off
 * @param resolvesBurst resolves at once, after a pause
 */
@ConfigurationProperties("dejavu.rate-limit")
record RateLimitProperties(@DefaultValue("200") int writesPerSecond, @DefaultValue("2000") int writesBurst,
        @DefaultValue("20") int resolvesPerSecond, @DefaultValue("200") int resolvesBurst) {

    private static final int MAX = 1_000_000;

    RateLimitProperties {
        check("writes-per-second", writesPerSecond, 0);
        check("writes-burst", writesBurst, 1);
        check("resolves-per-second", resolvesPerSecond, 0);
        check("resolves-burst", resolvesBurst, 1);
    }

    private static void check(String name, int value, int min) {
        if (value < min || value > MAX) {
            throw new InvalidConfigurationPropertyValueException("dejavu.rate-limit." + name, value,
                    "must be from " + min + " to " + MAX);
        }
    }

}
