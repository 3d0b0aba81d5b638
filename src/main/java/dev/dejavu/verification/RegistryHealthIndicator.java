package dev.dejavu.verification;

import java.time.Clock;
import java.time.Instant;
import java.util.Locale;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

import dev.dejavu.registry.ImageStatus;

/**
 * What each registry said last. Always up: without registries the service goes on.
 */
@Component
class RegistryHealthIndicator implements HealthIndicator {

    private static final int MOST = 100;

    private final Cache<String, Said> last = Caffeine.newBuilder().maximumSize(MOST).build();

    private final Clock clock;

    RegistryHealthIndicator(Clock clock) {
        this.clock = clock;
    }

    void said(String registry, ImageStatus presence) {
        last.put(registry,
                new Said(presence.outcome().name().toLowerCase(Locale.ROOT), presence.reason(), clock.instant()));
    }

    @Override
    public Health health() {
        return Health.up().withDetails(last.asMap()).build();
    }

    /**
     * The outcome of a look.
     */
    record Said(String outcome, String reason, Instant at) {
    }

}
