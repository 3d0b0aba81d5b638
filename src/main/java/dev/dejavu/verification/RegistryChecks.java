package dev.dejavu.verification;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
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
 * Checks images against their registries: once for all callers that wait for the same
 * image, and no faster than each registry allows.
 */
@Component
class RegistryChecks {

    private static final Logger log = LoggerFactory.getLogger(RegistryChecks.class);

    private static final int MAX_IN_FLIGHT = 1000;

    /** Of these, for entries of overlays. */
    private static final int MAX_IN_FLIGHT_OVERLAYS = MAX_IN_FLIGHT / 4;

    /** So that those entries do not fill the queue of the rate limiter for others. */
    private static final Duration MAX_WAIT_OVERLAYS = Duration.ofMillis(500);

    /** Longer than any pause that a registry can ask for. */
    private static final Duration RATE_LIMITER_TTL = Duration.ofHours(2);

    private final RegistryClient registries;

    private final VerificationProperties properties;

    private final MeterRegistry metrics;

    private final RegistryHealthIndicator health;

    /** Bounded, as a client can name as many hosts as a pattern allows. */
    private final Cache<String, RateLimiter> rateLimiters = Caffeine.newBuilder()
        .maximumSize(10_000)
        .expireAfterAccess(RATE_LIMITER_TTL)
        .build();

    private final Map<CacheKey, CompletableFuture<ImageStatus>> inFlight = new ConcurrentHashMap<>();

    RegistryChecks(RegistryClient registries, VerificationProperties properties, MeterRegistry metrics,
            RegistryHealthIndicator health) {
        this.registries = registries;
        this.properties = properties;
        this.metrics = metrics;
        this.health = health;
    }

    /**
     * Checks an image, or joins a check of it that is in flight.
     * @param maxWait how long to wait for the rate limiter
     * @param isNeeded whether it still is, as another check may just have ended
     * @param onResult acts on the result, once, before the callers that wait get it
     */
    CompletableFuture<ImageStatus> check(VerifiableEntry entry, Duration maxWait, BooleanSupplier isNeeded,
            UnaryOperator<ImageStatus> onResult) {
        boolean isInBase = entry.key().isInBase();
        if (inFlight.size() >= (isInBase ? MAX_IN_FLIGHT : MAX_IN_FLIGHT_OVERLAYS)) {
            return CompletableFuture
                .completedFuture(ImageStatus.unknown(ImageStatus.Reason.NOT_ASKED, "too many checks"));
        }
        CompletableFuture<ImageStatus> mine = new CompletableFuture<>();
        CompletableFuture<ImageStatus> joined = inFlight.putIfAbsent(entry.key(), mine);
        if (joined != null) {
            return joined;
        }
        Thread.ofVirtual().name("verification").start(() -> {
            ImageStatus status = ImageStatus.unknown(ImageStatus.Reason.NOT_ASKED, "failed");
            try {
                if (isNeeded.getAsBoolean()) {
                    status = onResult.apply(check(entry, isInBase ? maxWait : MAX_WAIT_OVERLAYS));
                }
            }
            catch (RuntimeException ex) {
                // such as a database that does not answer: the next lookup checks again
                log.debug("The result of a check was lost: {}", entry.value(), ex);
            }
            finally {
                inFlight.remove(entry.key());
                mine.complete(status);
            }
        });
        return mine;
    }

    private ImageStatus check(VerifiableEntry entry, Duration maxWait) {
        String registry = registries.registryOf(entry.value());
        if (registry == null) {
            return ImageStatus.unknown(ImageStatus.Reason.NOT_ASKED, "may not be asked");
        }
        RateLimiter rateLimiter = rateLimiters.get(registry, (host) -> new RateLimiter(properties.checksPerSecond()));
        Duration wait = rateLimiter.reserve(maxWait);
        if (wait.isNegative() || !sleep(wait) || rateLimiter.isPaused()) {
            return ImageStatus.unknown(ImageStatus.Reason.NOT_ASKED, "does not want to be asked yet");
        }
        Timer.Sample sample = Timer.start(metrics);
        ImageStatus status = registries.check(entry.value(), entry.platforms());
        sample.stop(Timer.builder("dejavu.registry.checks")
            .description("Checks of images against their registries")
            .tag("registry", registries.matchingPattern(registry))
            .tag("outcome", status.outcome().name().toLowerCase(Locale.ROOT))
            .tag("reason", (status.reason() != null) ? status.reason().toString() : "none")
            .register(metrics));
        health.record(registry, status);
        rateLimiter.pause(status.retryAfter());
        return status;
    }

    private static boolean sleep(Duration wait) {
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
