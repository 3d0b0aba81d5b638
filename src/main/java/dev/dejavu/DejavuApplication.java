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
 * The map. Each package is a feature and has everything of that feature; arrows run one
 * way, from the first floor to the last.
 * <ul>
 * <li>{@code image}, {@code bundle}: the two caches, from HTTP to the table; neither sees
 * the other. {@code access}: who may do what, and the audit log
 * </ul>
 * Mechanisms, none of which sees another:
 * <ul>
 * <li>{@code nearcache}: entries found lately, in the heap
 * <li>{@code verification}: is an image still in its registry?
 * <li>{@code storage}: SQLite or PostgreSQL, the SQL that all caches share, and the feed
 * of changes by other instances
 * <li>{@code web}: what every request meets. {@code webhook}: events of registries
 * <li>{@code savings}: what hits saved, and what asking cost
 * <li>{@code history}: what happened to a key, and who was served its value
 * <li>{@code client}: hands out the Python client
 * <li>{@code pruning}, {@code metrics}, {@code startup}
 * </ul>
 * The ground:
 * <ul>
 * <li>{@code cache}: the model, and {@code Cache}, the front that puts a cache together.
 * {@code api}: the words of HTTP
 * <li>{@code registry}: a client of OCI registries. {@code commit}: writes that share a
 * commit; neither knows a cache
 * </ul>
 * A lookup: {@code web.EntryFilter} or a controller, {@code cache.Cache}, the near cache,
 * {@code storage.JdbcCacheRepository}.
 */
@SpringBootApplication(proxyBeanMethods = false)
@ConfigurationPropertiesScan
public class DejavuApplication {

    public static void main(String[] args) {
        // SQLite's native code pins the carrier of a virtual thread: there must be
        // others,
        // also on one processor.
        int carriers = Math.max(8, 2 * Runtime.getRuntime().availableProcessors());
        System.setProperty("jdk.virtualThreadScheduler.parallelism",
                System.getProperty("jdk.virtualThreadScheduler.parallelism", String.valueOf(carriers)));
        SpringApplication.run(DejavuApplication.class, args);
    }

    /** Storage decides which clock counts. */
    @Bean(defaultCandidate = false)
    Clock machineClock() {
        return Clock.systemUTC();
    }

    @Bean
    RandomGenerator random() {
        return () -> ThreadLocalRandom.current().nextLong();
    }

}
