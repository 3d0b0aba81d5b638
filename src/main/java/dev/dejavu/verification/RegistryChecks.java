package dev.dejavu.verification;

import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;

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

    /** And those for which nobody waits. */
    private static final int MAX_IN_BACKGROUND = MAX_IN_FLIGHT / 4;

    private static final String PAUSED = "does not want to be asked yet";

    /** So that those entries do not fill the queue of the rate limiter for others. */
    private static final Duration MAX_WAIT_OVERLAYS = Duration.ofMillis(500);

    /** Longer than any pause that a registry can ask for. */
    private static final Duration RATE_LIMITER_TTL = Duration.ofHours(2);

    private final RegistryClient registries;

    private final VerificationProperties properties;

    private final Watermarks watermarks;

    private final MeterRegistry metrics;

    private final RegistryHealthIndicator health;

    private final Clock clock;

    /** Bounded, as a client can name as many hosts as a pattern allows. */
    private final Cache<String, RateLimiter> rateLimiters = Caffeine.newBuilder()
        .maximumSize(10_000)
        .expireAfterAccess(RATE_LIMITER_TTL)
        .build();

    private final Map<CacheKey, CheckInFlight> inFlight = new ConcurrentHashMap<>();

    private final Semaphore inBackground = new Semaphore(MAX_IN_BACKGROUND);

    RegistryChecks(RegistryClient registries, VerificationProperties properties, Watermarks watermarks,
            MeterRegistry metrics, RegistryHealthIndicator health, Clock clock) {
        this.registries = registries;
        this.properties = properties;
        this.watermarks = watermarks;
        this.metrics = metrics;
        this.health = health;
        this.clock = clock;
    }

    /**
     * Checks an image, or joins a check of it that is in flight.
     * @param awaitedFor how long somebody waits for the result, so that it goes before
     * others; zero for one in the background
     * @param maxWait how long to wait for the rate limiter
     * @param isNeeded whether it still is, as another check may just have ended
     * @param onResult acts on the result, once, before the callers that wait get it; not
     * when the registry was not asked
     */
    CompletableFuture<ImageStatus> check(VerifiableEntry entry, Duration awaitedFor, Duration maxWait,
            BooleanSupplier isNeeded, BiConsumer<CheckBegin, ImageStatus> onResult) {
        CheckInFlight joined = inFlight.get(entry.key());
        if (joined == null) {
            String registry = registries.registryOf(entry.value());
            if (registry == null) {
                return notAsked("may not be asked");
            }
            RateLimiter rateLimiter = rateLimiters.get(registry,
                    (host) -> new RateLimiter(properties.checksPerSecond()));
            CheckInFlight mine = new CheckInFlight(registry, rateLimiter, new RateLimiter.Turn(awaitedFor),
                    new AtomicBoolean(), new CompletableFuture<>());
            if (rateLimiter.isPaused()) {
                return notAsked(PAUSED);
            }
            if (isFull(entry.key()) || (awaitedFor.isZero() && !mine.setInBackground(true, inBackground))) {
                return notAsked("too many checks");
            }
            joined = inFlight.putIfAbsent(entry.key(), mine);
            if (joined == null) {
                Thread.ofVirtual()
                    .name("verification")
                    .start(() -> run(entry, mine, entry.key().isInBase() ? maxWait : MAX_WAIT_OVERLAYS, isNeeded,
                            onResult));
                return mine.done();
            }
            mine.setInBackground(false, inBackground);
        }
        if (awaitedFor.isPositive()) {
            joined.setInBackground(false, inBackground);
            joined.rateLimiter().promote(joined.turn(), awaitedFor);
        }
        return joined.done();
    }

    private static CompletableFuture<ImageStatus> notAsked(String reason) {
        return CompletableFuture.completedFuture(ImageStatus.unknown(ImageStatus.Reason.NOT_ASKED, reason));
    }

    private boolean isFull(CacheKey key) {
        // Those of the base in the background keep no overlay's awaited ones out.
        return key.isInBase() ? inFlight.size() >= MAX_IN_FLIGHT
                : inFlight.size() - (MAX_IN_BACKGROUND - inBackground.availablePermits()) >= MAX_IN_FLIGHT_OVERLAYS;
    }

    private void run(VerifiableEntry entry, CheckInFlight check, Duration maxWait, BooleanSupplier isNeeded,
            BiConsumer<CheckBegin, ImageStatus> onResult) {
        ImageStatus status = ImageStatus.unknown(ImageStatus.Reason.NOT_ASKED, "failed");
        try {
            if (isNeeded.getAsBoolean()) {
                status = ImageStatus.unknown(ImageStatus.Reason.NOT_ASKED, PAUSED);
                if (acquire(check, maxWait)) {
                    CheckBegin begin = new CheckBegin(clock.instant().truncatedTo(ChronoUnit.MILLIS), System.nanoTime(),
                            watermarks.asOf());
                    status = ask(entry, check);
                    onResult.accept(begin, status);
                }
            }
        }
        catch (RuntimeException ex) {
            // such as a database that does not answer: the next lookup checks again
            log.debug("The result of a check was lost: {}", entry.value(), ex);
        }
        finally {
            inFlight.remove(entry.key());
            check.setInBackground(false, inBackground);
            check.done().complete(status);
        }
    }

    /**
     * Waits for a turn. A check whose callers went away goes on in the background if
     * there is room, so that it keeps no others out.
     */
    private boolean acquire(CheckInFlight check, Duration maxWait) {
        while (check.turn().isAwaited() || check.setInBackground(true, inBackground)) {
            if (check.rateLimiter().acquire(check.turn(), maxWait)) {
                return true;
            }
            if (check.turn().isAwaited() || check.isInBackground().get()) {
                return false;
            }
        }
        return false;
    }

    /** How many are in flight. */
    int size() {
        return inFlight.size();
    }

    private ImageStatus ask(VerifiableEntry entry, CheckInFlight check) {
        Timer.Sample sample = Timer.start(metrics);
        ImageStatus status = registries.check(entry.value(), entry.platforms());
        sample.stop(Timer.builder("dejavu.registry.checks")
            .description("Checks of images against their registries")
            .tag("registry", registries.matchingPattern(check.registry()))
            .tag("outcome", status.outcome().name().toLowerCase(Locale.ROOT))
            .tag("reason", (status.reason() != null) ? status.reason().toString() : "none")
            .register(metrics));
        health.record(check.registry(), status, registries.loginAt(check.registry()));
        log.debug("{}: {}", entry.value(), status);
        check.rateLimiter().pause(status.retryAfter());
        return status;
    }

    /**
     * A check in flight.
     *
     * @param isInBackground whether it counts as one for which nobody waits
     */
    private record CheckInFlight(String registry, RateLimiter rateLimiter, RateLimiter.Turn turn,
            AtomicBoolean isInBackground, CompletableFuture<ImageStatus> done) {

        /**
         * Counts it as one for which nobody waits, or no longer.
         * @return whether that is so now; not when there are too many
         */
        boolean setInBackground(boolean now, Semaphore free) {
            synchronized (isInBackground) {
                if (isInBackground.get() != now && (!now || free.tryAcquire())) {
                    isInBackground.set(now);
                    if (!now) {
                        free.release();
                    }
                }
                return isInBackground.get() == now;
            }
        }

    }

}
