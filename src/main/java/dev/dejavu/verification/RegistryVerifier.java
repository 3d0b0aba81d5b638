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
import java.util.function.Predicate;

import io.micrometer.core.instrument.Timer;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.VerifiableRepository;
import dev.dejavu.cache.Verifier;

/**
 * Serves at once what the registry has confirmed within the freshness lifetime. What is
 * older, and what only a client has seen, is checked against its registry, in the
 * background or, in strict mode, before the answer; what is older is marked as stale
 * until then. An invalidated entry is never served before it is verified.
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

    private final Watermarks watermarks;

    private final Timer staleHitAge;

    private final Clock clock;

    RegistryVerifier(VerifiableRepository<E> repository, VerificationProperties properties, FreshnessPolicy policy,
            EntryCheck<E> check, Resolver<E> resolver, NegativeCache absences, Watermarks watermarks, Timer staleHitAge,
            Clock clock) {
        this.repository = repository;
        this.properties = properties;
        this.policy = policy;
        this.check = check;
        this.resolver = resolver;
        this.absences = absences;
        this.watermarks = watermarks;
        this.staleHitAge = staleHitAge;
        this.clock = clock;
    }

    @Override
    public boolean mustVerify(E entry) {
        return policy.isInvalidated(entry) || policy.needsCheckUnlessInvalidated(entry);
    }

    @Override
    public boolean mayServeStale(E entry) {
        return !properties.strict() && !policy.isInvalidated(entry);
    }

    @Override
    public Optional<E> verify(E entry) {
        return verifyAll(List.of(entry)).stream().findFirst();
    }

    @Override
    public List<E> verifyAll(List<E> entries) {
        return checked(entries, (entry) -> properties.strict() || policy.isInvalidated(entry)).stream()
            .filter((entry) -> !policy.isInvalidated(entry))
            .map(this::serve)
            .toList();
    }

    @Override
    public List<E> confirmAll(List<E> entries) {
        return checked(entries, (entry) -> true).stream().filter(policy::isConfirmed).toList();
    }

    /**
     * Starts the checks that entries need, and waits for some of them.
     * @return the entries, as they are after the checks that were awaited
     */
    private List<E> checked(List<E> entries, Predicate<E> mustWait) {
        policy.refresh();
        List<E> awaited = new ArrayList<>();
        List<CompletableFuture<?>> checks = new ArrayList<>();
        for (E entry : entries) {
            if (policy.needsCheck(entry)) {
                if (mustWait.test(entry)) {
                    awaited.add(entry);
                    checks.add(check.start(entry, CLIENT_RESPONSE_TIMEOUT));
                }
                else {
                    var _ = check.start(entry);
                }
            }
        }
        if (awaited.isEmpty()) {
            return entries;
        }
        isDone(CompletableFuture.allOf(checks.toArray(CompletableFuture<?>[]::new)), CLIENT_RESPONSE_TIMEOUT);
        List<E> current = new ArrayList<>(entries);
        current.removeAll(awaited);
        current.addAll(repository.findAll(awaited.stream().map(CacheEntry::key).toList()));
        policy.refresh();
        return current;
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
    public List<E> markStale(List<E> entries) {
        policy.refresh();
        return entries.stream().map(this::markedIfStale).toList();
    }

    private E markedIfStale(E entry) {
        if (policy.isInvalidated(entry)) {
            return CacheEntry.stale(Resolver.verified(entry, entry.verification().asInvalidated()));
        }
        return policy.isYoung(entry) ? entry : CacheEntry.stale(entry);
    }

    @Override
    public E serve(E entry) {
        if (policy.isYoung(entry)) {
            return entry;
        }
        staleHitAge.record(Duration.between(entry.verification().verifiedAt(), clock.instant()));
        return CacheEntry.stale(entry);
    }

    @Override
    public Optional<E> resolve(E requested) {
        return resolver.resolve(requested).map(this::serve);
    }

    @Override
    public boolean invalidate(E entry) {
        if (!policy.isVerifiable(entry)) {
            return false;
        }
        repository.invalidate(entry.key(), watermarks.next());
        check.forget(entry.key());
        repository.find(entry.key()).ifPresent(this::onStored);
        return true;
    }

    @Override
    public boolean check(E entry) {
        if (!policy.isVerifiable(entry)) {
            return false;
        }
        check.forget(entry.key());
        isDone(check.start(entry, CLIENT_RESPONSE_TIMEOUT), CLIENT_RESPONSE_TIMEOUT);
        return true;
    }

    @Override
    public boolean isLost(E entry) {
        policy.refresh();
        return policy.isInvalidated(entry) && !policy.isVerifiable(entry);
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

    @Override
    public void onStored(E entry) {
        var _ = check.start(entry);
    }

}
