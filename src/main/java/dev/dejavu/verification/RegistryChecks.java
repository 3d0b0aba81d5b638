package dev.dejavu.verification;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.registry.ImageStatus;
import dev.dejavu.registry.RegistryClient;

/**
 * Looks into registries: once for all who wait for the same image, and no faster than a
 * registry likes.
 */
@Component
class RegistryChecks {

    private static final Logger log = LoggerFactory.getLogger(RegistryChecks.class);

    private static final int MOST = 1000;

    /** Longer than any registry's wish to be left alone. */
    private static final Duration MEMORY = Duration.ofHours(2);

    private final RegistryClient registries;

    private final VerificationProperties properties;

    private final MeterRegistry metrics;

    private final RegistryHealthIndicator health;

    /** A client can name as many hosts as a pattern allows. */
    private final Cache<String, RateLimiter> paces = Caffeine.newBuilder()
        .maximumSize(10_000)
        .expireAfterAccess(MEMORY)
        .build();

    private final Map<CacheKey, CompletableFuture<ImageStatus>> flights = new ConcurrentHashMap<>();

    RegistryChecks(RegistryClient registries, VerificationProperties properties, MeterRegistry metrics,
            RegistryHealthIndicator health) {
        this.registries = registries;
        this.properties = properties;
        this.metrics = metrics;
        this.health = health;
    }

    /**
     * Looks for an image, or joins a look that is under way.
     * @param patience how long to wait for a turn
     * @param settle is told the outcome, once, before those who wait
     */
    CompletableFuture<ImageStatus> look(VerifiableEntry entry, Duration patience, UnaryOperator<ImageStatus> settle) {
        if (flights.size() >= MOST) {
            return CompletableFuture.completedFuture(ImageStatus.unknown("too many looks", Duration.ZERO));
        }
        CompletableFuture<ImageStatus> own = new CompletableFuture<>();
        CompletableFuture<ImageStatus> flight = flights.putIfAbsent(entry.key(), own);
        if (flight != null) {
            return flight;
        }
        Thread.ofVirtual().name("verification").start(() -> {
            ImageStatus presence = ImageStatus.unknown("failed", Duration.ZERO);
            try {
                presence = settle.apply(ask(entry, patience));
            }
            catch (RuntimeException ex) {
                // such as a database that does not answer: the next lookup looks again
                log.debug("Not settled: {}", entry.value(), ex);
            }
            finally {
                flights.remove(entry.key());
                own.complete(presence);
            }
        });
        return own;
    }

    private ImageStatus ask(VerifiableEntry entry, Duration patience) {
        String registry = registries.registry(entry.value());
        if (registry == null) {
            return ImageStatus.unknown("may not be asked", Duration.ZERO);
        }
        RateLimiter pace = paces.get(registry, (host) -> new RateLimiter(properties.checksPerSecond()));
        Duration wait = pace.turn(patience);
        if (wait.isNegative() || !isThere(wait) || pace.isSilent()) {
            return ImageStatus.unknown("does not want to be asked yet", Duration.ZERO);
        }
        Timer.Sample sample = Timer.start(metrics);
        ImageStatus presence = registries.look(entry.value(), entry.platforms());
        sample.stop(Timer.builder("dejavu.registry.checks")
            .description("Checks of images against their registries")
            .tag("registry", registries.rule(registry))
            .tag("outcome", presence.outcome().name().toLowerCase(Locale.ROOT))
            .register(metrics));
        health.said(registry, presence);
        pace.silence(presence.retryAfter());
        return presence;
    }

    /** Waits for a turn. */
    private static boolean isThere(Duration wait) {
        try {
            Thread.sleep(wait);
            return true;
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

}
