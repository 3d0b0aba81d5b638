package dev.dejavu.verification;

import java.time.Clock;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

import dev.dejavu.registry.ImageStatus;

/**
 * The last answer of each registry. Always up: without registries the service goes on.
 */
@Component
public class RegistryHealthIndicator implements HealthIndicator {

    private static final int MAX_ENTRIES = 100;

    private final Cache<String, LastCheck> last = Caffeine.newBuilder().maximumSize(MAX_ENTRIES).recordStats().build();

    private final Clock clock;

    RegistryHealthIndicator(Clock clock) {
        this.clock = clock;
    }

    void record(String registry, ImageStatus status, @Nullable String login) {
        last.put(registry,
                new LastCheck(status.outcome().name().toLowerCase(Locale.ROOT),
                        (status.reason() != null) ? status.reason().toString() : null, status.detail(), login,
                        clock.instant()));
    }

    /** The last answers by their registries. */
    public Map<String, LastCheck> last() {
        return new TreeMap<>(last.asMap());
    }

    /** Whether there were others, for which there was no room. */
    public boolean isCut() {
        return last.stats().evictionCount() > 0;
    }

    @Override
    public Health health() {
        return Health.up().withDetails(last.asMap()).build();
    }

    /**
     * The outcome of a check.
     *
     * @param login whether there was one, but not whose
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record LastCheck(String outcome, @Nullable String reason, String detail, @Nullable String login,
            Instant at) {
    }

}
