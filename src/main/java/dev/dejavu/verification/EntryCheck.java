package dev.dejavu.verification;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.VerifiableRepository;
import dev.dejavu.cache.Verification;
import dev.dejavu.registry.ImageStatus;

/**
 * Checks a stored entry against its registry, and verifies or removes it by the result.
 *
 * @param <E> the entry
 */
final class EntryCheck<E extends VerifiableEntry> {

    private static final Logger log = LoggerFactory.getLogger(EntryCheck.class);

    /** A check in the background has time. */
    private static final Duration MAX_RATE_WAIT = Duration.ofSeconds(30);

    /** After a check that found out nothing. */
    private static final Duration FAILURE_RECHECK = Duration.ofSeconds(5);

    private static final Duration REFUTED_MEMORY = Duration.ofHours(1);

    /** Of an entry that was renewed during its check. */
    private static final Duration RENEWED_RECHECK = Duration.ofMillis(100);

    private static final int MAX_REMOVALS = 5;

    private final VerifiableRepository<E> repository;

    private final VerificationProperties properties;

    private final FreshnessPolicy policy;

    private final RegistryChecks checks;

    private final NegativeCache absences;

    private final Watermarks watermarks;

    private final BiConsumer<E, String> onRefuted;

    private final Consumer<E> onConfirmed;

    private final Cache<CacheKey, Boolean> recentlyUnknown = Caffeine.newBuilder()
        .maximumSize(100_000)
        .expireAfterWrite(FAILURE_RECHECK)
        .build();

    /** When an entry that the registry refuted was first stored: no second grace. */
    private final Cache<CacheKey, Instant> refuted = Caffeine.newBuilder()
        .maximumSize(100_000)
        .expireAfterWrite(REFUTED_MEMORY)
        .build();

    /** Keys to check again later. */
    private final Set<CacheKey> scheduled = ConcurrentHashMap.newKeySet();

    /** Entries that were renewed during a check which found nothing. */
    private final Cache<CacheKey, Boolean> renewed = Caffeine.newBuilder()
        .maximumSize(100_000)
        .expireAfterWrite(Duration.ofMinutes(1))
        .build();

    EntryCheck(VerifiableRepository<E> repository, VerificationProperties properties, FreshnessPolicy policy,
            RegistryChecks checks, NegativeCache absences, Watermarks watermarks, BiConsumer<E, String> onRefuted,
            Consumer<E> onConfirmed) {
        this.onRefuted = onRefuted;
        this.onConfirmed = onConfirmed;
        this.repository = repository;
        this.properties = properties;
        this.policy = policy;
        this.checks = checks;
        this.absences = absences;
        this.watermarks = watermarks;
    }

    /** The result of the last check of a key does not count any more. */
    void forget(CacheKey key) {
        recentlyUnknown.invalidate(key);
    }

    /**
     * Starts a check in the background, unless the registry may not be asked or answered
     * nothing lately.
     */
    CompletableFuture<?> start(E entry) {
        return start(entry, Duration.ZERO);
    }

    /** As {@link #start(VerifiableEntry)}, of a check that is awaited for a while. */
    CompletableFuture<?> start(E entry, Duration awaitedFor) {
        if (!policy.isVerifiable(entry) || recentlyUnknown.getIfPresent(entry.key()) != null) {
            return CompletableFuture.completedFuture(entry);
        }
        boolean isOfFresh = !policy.needsCheck(entry);
        return checks.check(entry, awaitedFor, MAX_RATE_WAIT, () -> isOfFresh || find(entry.key()).isPresent(),
                (begin, status) -> onResult(entry, begin, status));
    }

    /** Finds an entry that needs a check. */
    private Optional<E> find(CacheKey key) {
        Optional<E> found = repository.find(key);
        policy.refresh();
        return found.filter(policy::needsCheck);
    }

    private void onResult(E entry, CheckBegin begin, ImageStatus status) {
        switch (status.outcome()) {
            case PRESENT -> {
                Verification verification = Verification.byRegistry(begin.at(), Objects.requireNonNull(status.digest()),
                        status.restedOn(), begin.asOf());
                E confirmed = Resolver.verified(entry, verification);
                if (repository.replace(entry, confirmed)) {
                    onConfirmed.accept(confirmed);
                }
                else {
                    checkAfter(RENEWED_RECHECK, entry.key());
                }
            }
            case ABSENT -> {
                Duration grace = grace(entry, begin.at());
                policy.refresh();
                if (grace.isPositive()) {
                    recentlyUnknown.put(entry.key(), true);
                    checkAfter(grace, entry.key());
                }
                else if (!watermarks.isPushedSince(entry.registryRepository(), begin.asOf())) {
                    remove(entry, begin, status);
                }
            }
            case UNKNOWN -> {
                recentlyUnknown.put(entry.key(), true);
                log.debug("Not verified, {}: {}", entry.value(), status.detail());
            }
        }
    }

    /** What is left of the grace in which the registry may not show a new image yet. */
    private Duration grace(E entry, Instant now) {
        Instant refutedFirst = refuted.getIfPresent(entry.key());
        Instant first = (refutedFirst != null) ? refutedFirst : entry.firstPutAt();
        return properties.newEntryGrace().minus(Duration.between(first, now));
    }

    private void checkAfter(Duration delay, CacheKey key) {
        if (scheduled.add(key)) {
            CompletableFuture.delayedExecutor(delay.toMillis(), TimeUnit.MILLISECONDS, Thread::startVirtualThread)
                .execute(() -> checkAgain(key));
        }
    }

    private void checkAgain(CacheKey key) {
        scheduled.remove(key);
        try {
            find(key).ifPresent((entry) -> {
                forget(key);
                var _ = start(entry);
            });
        }
        catch (DataAccessException ex) {
            log.debug("Not checked again, {}: the next lookup will", key, ex);
        }
    }

    private void remove(E entry, CheckBegin begin, ImageStatus status) {
        boolean removed = false;
        absences.add(entry, begin);
        try {
            removed = repository.removeIfUnchanged(entry)
                    || (renewed.getIfPresent(entry.key()) != null && removeRenewed(entry, begin));
        }
        finally {
            if (!removed) {
                absences.remove(entry.key());
            }
        }
        if (removed) {
            refuted.asMap().merge(entry.key(), entry.firstPutAt(), (one, other) -> one.isBefore(other) ? one : other);
            log.info("Removed {} of {}: {}", entry.key(), entry.value(), status.detail());
            onRefuted.accept(entry, status.detail());
            // Nobody may take over from them what the registry has just refuted.
            for (E other : repository.findConfirmed(entry, policy.freshAfter())) {
                var _ = start(other);
            }
        }
        else {
            renewed.put(entry.key(), true);
            checkAfter(RENEWED_RECHECK, entry.key());
        }
    }

    /**
     * Removes an entry although it was renewed during the check: the second time in a row
     * that a check found nothing, or who renews it often enough would keep it for ever.
     */
    private boolean removeRenewed(E entry, CheckBegin begin) {
        for (int i = 0; i < MAX_REMOVALS; i++) {
            Optional<E> current = find(entry.key()).filter((found) -> found.hasValueOf(entry)
                    && !watermarks.isPushedSince(found.registryRepository(), begin.asOf()));
            if (current.isEmpty() || repository.removeIfUnchanged(current.get())) {
                return current.isPresent();
            }
        }
        return false;
    }

}
