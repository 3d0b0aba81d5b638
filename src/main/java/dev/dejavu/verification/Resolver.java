package dev.dejavu.verification;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.PutResult;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.VerifiableRepository;
import dev.dejavu.cache.Verification;
import dev.dejavu.registry.ImageStatus;

/**
 * Finds out whether an entry that is unknown is true, and stores it if it is. What the
 * registry has just confirmed under another key counts as its answer; else it is asked.
 *
 * @param <E> the entry
 */
final class Resolver<E extends VerifiableEntry> {

    private static final Logger log = LoggerFactory.getLogger(Resolver.class);

    /** As long as a registry may take. */
    private static final Duration RESOLVE_TIMEOUT = Duration.ofSeconds(10);

    private static final Duration MAX_RATE_WAIT = Duration.ofSeconds(3);

    /** The second one is for an event of the registry during the first. */
    private static final int MAX_TRIES = 2;

    private final VerifiableRepository<E> repository;

    private final VerificationProperties properties;

    private final FreshnessPolicy policy;

    private final RegistryChecks checks;

    private final NegativeCache absences;

    private final EventClock events;

    private final Consumer<PutResult<E>> onStored;

    Resolver(VerifiableRepository<E> repository, VerificationProperties properties, FreshnessPolicy policy,
            RegistryChecks checks, NegativeCache absences, EventClock events, Consumer<PutResult<E>> onStored) {
        this.onStored = onStored;
        this.repository = repository;
        this.properties = properties;
        this.policy = policy;
        this.checks = checks;
        this.absences = absences;
        this.events = events;
    }

    Optional<E> resolve(E requested) {
        Optional<E> found = Optional.empty();
        if (!properties.enabled() || absences.contains(requested.key())) {
            return found;
        }
        found = resolveByAnother(requested);
        for (int i = 0; i < MAX_TRIES && found.isEmpty(); i++) {
            long begin = System.nanoTime();
            if (!RegistryVerifier.isDone(checks.check(requested, MAX_RATE_WAIT, () -> isUnknown(requested.key()),
                    (status) -> onResult(requested, begin, status)), RESOLVE_TIMEOUT)) {
                return found;
            }
            found = findValid(requested.key());
            if (!events.eventSince(requested, begin)) {
                break;
            }
        }
        return found;
    }

    private boolean isUnknown(CacheKey key) {
        return !absences.contains(key) && findValid(key).isEmpty();
    }

    /**
     * Takes over what is confirmed under another key. An invalidated entry waits for the
     * registry itself, and an event of that counts more.
     */
    private Optional<E> resolveByAnother(E requested) {
        long begin = System.nanoTime();
        CacheKey key = requested.key();
        if (!policy.isVerifiable(requested)) {
            return Optional.empty();
        }
        if (!repository.findAll(List.of(key, key.inBase())).isEmpty()) {
            // perhaps stored meanwhile, by another resolve
            return findValid(key);
        }
        Optional<E> other = repository.findConfirmed(requested, policy.freshAfter()).stream().findFirst();
        other.ifPresent((entry) -> store(requested, entry.verification(), begin));
        return other.flatMap((entry) -> findValid(key)).filter((entry) -> !events.eventSince(requested, begin));
    }

    private ImageStatus onResult(E requested, long begin, ImageStatus status) {
        switch (status.outcome()) {
            case PRESENT -> store(requested, Verification.byRegistry(requested.createdAt(), status.digest()), begin);
            case ABSENT -> absences.add(requested, requested.createdAt(), begin);
            case UNKNOWN -> log.debug("Not resolved, {}: {}", requested.value(), status.detail());
        }
        return status;
    }

    /**
     * Verifies the invalidated entry that says the same, or else stores it as nobody's,
     * so that it keeps no writer from storing another. An entry that a client stored
     * meanwhile counts more, and so does an event of the registry.
     */
    private void store(E requested, Verification verification, long begin) {
        if (events.eventSince(requested, begin)) {
            return;
        }
        Optional<E> invalidated = repository.find(requested.key())
            .filter((entry) -> entry.verification().isInvalidated() && entry.hasValueOf(requested));
        if (invalidated.isPresent()
                && repository.replace(invalidated.get(), verified(invalidated.get(), verification))) {
            return;
        }
        E confirmed = verified(requested, verification);
        try {
            PutResult<E> stored = repository.putIf(CacheEntry.writtenBy(confirmed, null), (current) -> {
                if ((current != null && !current.verification().isInvalidated())
                        || events.eventSince(requested, begin)) {
                    throw ProblemException.miss();
                }
            });
            onStored
                .accept(new PutResult<>(confirmed, stored.created(), stored.previousValue(), stored.previousAuthor()));
        }
        catch (ProblemException ex) {
            // stored meanwhile
        }
    }

    // What an entry makes of itself is an entry of the same class.
    @SuppressWarnings("unchecked")
    static <E extends VerifiableEntry> E verified(E entry, Verification verification) {
        return (E) entry.withVerification(verification);
    }

    private Optional<E> findValid(CacheKey key) {
        return repository.find(key).filter((entry) -> !entry.verification().isInvalidated());
    }

}
