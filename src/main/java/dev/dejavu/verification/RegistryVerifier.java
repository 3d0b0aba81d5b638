package dev.dejavu.verification;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.micrometer.core.instrument.Timer;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.VerifiableRepository;
import dev.dejavu.cache.Verifier;

/**
 * Serves a fresh entry at once. A stale one is checked against its registry, in the
 * background or, in strict mode, before the answer; an answer without a check is marked
 * as stale. An invalidated one is never served before it is verified.
 *
 * @param <E> the entry
 */
final class RegistryVerifier<E extends VerifiableEntry> implements Verifier<E> {

    /** Of a lookup that has to wait for a check. */
    private static final Duration CLIENT_RESPONSE_TIMEOUT = Duration.ofSeconds(2);

    private final VerifiableRepository<E> repository;

    private final VerificationProperties properties;

    private final FreshnessPolicy policy;

    private final EntryCheck<E> check;

    private final Resolver<E> resolver;

    private final NegativeCache absences;

    private final Timer staleHitAge;

    private final Clock clock;

    RegistryVerifier(VerifiableRepository<E> repository, VerificationProperties properties, FreshnessPolicy policy,
            EntryCheck<E> check, Resolver<E> resolver, NegativeCache absences, Timer staleHitAge, Clock clock) {
        this.repository = repository;
        this.properties = properties;
        this.policy = policy;
        this.check = check;
        this.resolver = resolver;
        this.absences = absences;
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
        CompletableFuture<?> started = check.start(entry);
        Optional<E> current = Optional.of(entry);
        if (mustWait(entry) && isDone(started, CLIENT_RESPONSE_TIMEOUT)) {
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
            CompletableFuture<?> started = check.start(entry);
            if (mustWait(entry)) {
                awaited.add(started);
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
        staleHitAge.record(Duration.between(entry.verification().verifiedAt(), clock.instant()));
        return stale(entry);
    }

    // What an entry makes of itself is an entry of the same class.
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
        check.forget(key);
    }

}
