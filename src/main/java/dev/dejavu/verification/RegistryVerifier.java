package dev.dejavu.verification;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.micrometer.core.instrument.Timer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.VerifiableRepository;
import dev.dejavu.cache.Verification;
import dev.dejavu.cache.Verifier;
import dev.dejavu.registry.ImageStatus;

/**
 * Serves a fresh entry at once. A stale one is checked against its registry, in the
 * background or, in strict mode, before the answer; an answer without a check is marked
 * as stale. An invalidated one is never served before it is verified.
 *
 * @param <E> the entry
 */
final class RegistryVerifier<E extends VerifiableEntry> implements Verifier<E> {

    private static final Logger log = LoggerFactory.getLogger(RegistryVerifier.class);

    /** Of a lookup that has to wait for a check. */
    private static final Duration CLIENT_RESPONSE_TIMEOUT = Duration.ofSeconds(2);

    /** Of a check in the background, which has time. */
    private static final Duration MAX_RATE_WAIT = Duration.ofSeconds(30);

    /** After a check that found out nothing. */
    private static final Duration FAILURE_RECHECK = Duration.ofSeconds(5);

    private final VerifiableRepository<E> repository;

    private final VerificationProperties properties;

    private final FreshnessPolicy policy;

    private final RegistryChecks checks;

    private final NegativeCache absences;

    private final EventClock events;

    private final Resolver<E> resolver;

    private final Timer staleHitAge;

    private final Clock clock;

    private final Cache<CacheKey, Boolean> recentlyUnknown = Caffeine.newBuilder()
        .maximumSize(100_000)
        .expireAfterWrite(FAILURE_RECHECK)
        .build();

    RegistryVerifier(VerifiableRepository<E> repository, VerificationProperties properties, FreshnessPolicy policy,
            RegistryChecks checks, NegativeCache absences, EventClock events, Timer staleHitAge, Clock clock) {
        this.repository = repository;
        this.properties = properties;
        this.policy = policy;
        this.checks = checks;
        this.absences = absences;
        this.events = events;
        this.resolver = new Resolver<>(repository, properties, checks, absences, events);
        this.staleHitAge = staleHitAge;
        this.clock = clock;
    }

    @Override
    public boolean isFresh(E entry) {
        return policy.isFresh(entry);
    }

    @Override
    public Optional<E> verify(E entry) {
        if (policy.isFresh(entry)) {
            return Optional.of(entry);
        }
        CompletableFuture<?> check = check(entry);
        Optional<E> current = Optional.of(entry);
        if (mustWait(entry) && isDone(check, CLIENT_RESPONSE_TIMEOUT)) {
            current = repository.find(entry.key());
        }
        return current.filter((found) -> !found.verification().isInvalidated()).map(this::served);
    }

    @Override
    public List<E> verifyAll(List<E> entries) {
        List<E> stale = entries.stream().filter((entry) -> !policy.isFresh(entry)).toList();
        if (stale.isEmpty()) {
            return entries;
        }
        List<CompletableFuture<?>> awaited = new ArrayList<>();
        for (E entry : stale) {
            CompletableFuture<?> check = check(entry);
            if (mustWait(entry)) {
                awaited.add(check);
            }
        }
        List<E> current = entries;
        if (!awaited.isEmpty()) {
            isDone(CompletableFuture.allOf(awaited.toArray(CompletableFuture<?>[]::new)), CLIENT_RESPONSE_TIMEOUT);
            current = new ArrayList<>(entries);
            current.removeAll(stale);
            current.addAll(repository.findAll(stale.stream().map(CacheEntry::key).toList()));
        }
        return current.stream().filter((found) -> !found.verification().isInvalidated()).map(this::served).toList();
    }

    private boolean mustWait(E entry) {
        return properties.strict() || entry.verification().isInvalidated();
    }

    /** Waits for a check, which goes on when the time is over. */
    static boolean isDone(CompletableFuture<?> check, Duration timeout) {
        try {
            check.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        }
        catch (TimeoutException | ExecutionException ex) {
            return false;
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public E markIfStale(E entry) {
        return policy.isFresh(entry) ? entry : stale(entry);
    }

    private E served(E entry) {
        if (policy.isFresh(entry)) {
            return entry;
        }
        staleHitAge.record(Duration.between(entry.verification().verifiedAt(), now()));
        return stale(entry);
    }

    /**
     * Checks an entry that an event may have made untrue, whatever a check said lately.
     */
    CompletableFuture<?> recheck(E entry) {
        recentlyUnknown.invalidate(entry.key());
        return check(entry);
    }

    private CompletableFuture<?> check(E entry) {
        if (!policy.isVerifiable(entry) || recentlyUnknown.getIfPresent(entry.key()) != null) {
            return CompletableFuture.completedFuture(entry);
        }
        // What the check says is true of this moment at the earliest.
        Instant now = now();
        long begin = System.nanoTime();
        return checks.check(entry, MAX_RATE_WAIT, (status) -> onResult(entry, now, begin, status));
    }

    private ImageStatus onResult(E entry, Instant now, long begin, ImageStatus status) {
        switch (status.outcome()) {
            case PRESENT -> repository.replace(entry, verified(entry, now, status));
            case ABSENT -> {
                if (Duration.between(entry.createdAt(), now).compareTo(properties.newEntryGrace()) < 0) {
                    recentlyUnknown.put(entry.key(), true);
                }
                else if (!events.pushSince(entry, begin)) {
                    remove(entry, now, begin, status);
                }
            }
            case UNKNOWN -> {
                recentlyUnknown.put(entry.key(), true);
                log.debug("Not verified, {}: {}", entry.value(), status.reason());
            }
        }
        return status;
    }

    private void remove(E entry, Instant now, long begin, ImageStatus status) {
        boolean removed = false;
        absences.addBeforeRemoval(entry, now, begin);
        try {
            removed = repository.removeIfUnchanged(entry);
        }
        finally {
            if (!removed) {
                absences.remove(entry.key());
            }
        }
        if (removed) {
            log.info("Removed {} of {}: {}", entry.key(), entry.value(), status.reason());
        }
    }

    /** The same entry, as the registry has just confirmed it. */
    // What an entry makes of itself is an entry of the same class.
    @SuppressWarnings("unchecked")
    static <E extends VerifiableEntry> E verified(E entry, Instant at, ImageStatus status) {
        return (E) entry.withVerification(Verification.byRegistry(at, status.digest()));
    }

    @SuppressWarnings("unchecked")
    private E stale(E entry) {
        return (E) entry.asStale();
    }

    @Override
    public Optional<E> resolve(E requested) {
        return resolver.resolve(requested).map(this::served);
    }

    @Override
    public ProblemException notFound(CacheKey key) {
        return absences.contains(key) ? ProblemException.absent() : ProblemException.miss();
    }

    @Override
    public void onPut(CacheKey key) {
        absences.remove(key);
        recentlyUnknown.invalidate(key);
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }

}
