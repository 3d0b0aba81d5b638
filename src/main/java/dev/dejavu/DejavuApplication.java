package dev.dejavu;

import java.time.Clock;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.context.annotation.Bean;

/**
 * Dejavu, the cache that a team shares: <em>was this image already seen in its
 * registry?</em> and <em>was this code bundle already uploaded, and where?</em>
 * <p>
 * The map. Each package is a feature and has everything of that feature:
 * <ul>
 * <li>{@code image}, {@code bundle}: the two caches, from HTTP down to SQL; neither knows
 * the other
 * <li>{@code cache}: the words that both share
 * <li>{@code access}: who may read, write and administer, and the trail of who did what
 * <li>{@code verification}: is an entry still true? What was not verified for too long is
 * looked for in its registry
 * <li>{@code registry}: asks registries whether an image is there; knows no cache
 * <li>{@code webhook}: what registries tell of themselves, each in its own words
 * <li>{@code near}: what was found is kept in the process while it is certain, and
 * answered where the request enters
 * <li>{@code commit}: writers that arrive together share one commit
 * <li>{@code pruning}: expired rows go, by the clock and by chance
 * <li>{@code metrics}: what was asked, found and written, as metrics and as
 * {@code /stats}
 * <li>{@code storage}: SQLite or PostgreSQL, what each of them needs, and what others
 * change there
 * <li>{@code web}: errors as RFC 9457, limits of a request, the description of the API
 * <li>{@code startup}: what the log says at the start, good or bad
 * </ul>
 */
@SpringBootApplication(proxyBeanMethods = false)
@ConfigurationPropertiesScan
public class DejavuApplication {

    public static void main(String[] args) {
        // Native code, SQLite's, pins the carrier of its virtual thread: there must be
        // others, also on one processor.
        int carriers = Math.max(4, Runtime.getRuntime().availableProcessors());
        System.setProperty("jdk.virtualThreadScheduler.parallelism",
                System.getProperty("jdk.virtualThreadScheduler.parallelism", String.valueOf(carriers)));
        SpringApplication.run(DejavuApplication.class, args);
    }

    @Bean
    Clock clock() {
        return Clock.systemUTC();
    }

    @Bean
    RandomGenerator random() {
        return () -> ThreadLocalRandom.current().nextLong();
    }

}
