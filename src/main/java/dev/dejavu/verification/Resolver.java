package dev.dejavu.verification;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
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

    private final Watermarks watermarks;

    private final Consumer<PutResult<E>> onStored;

    Resolver(VerifiableRepository<E> repository, VerificationProperties properties, FreshnessPolicy policy,
            RegistryChecks checks, NegativeCache absences, Watermarks watermarks, Consumer<PutResult<E>> onStored) {
        this.onStored = onStored;
        this.repository = repository;
        this.properties = properties;
        this.policy = policy;
        this.checks = checks;
        this.absences = absences;
        this.watermarks = watermarks;
    }

    Optional<E> resolve(E requested) {
        Optional<E> found = Optional.empty();
        if (!properties.enabled() || absences.contains(requested.key())) {
            return found;
        }
        found = resolveByAnother(requested);
        for (int i = 0; i < MAX_TRIES && found.isEmpty(); i++) {
            long asOf = watermarks.asOf();
            if (!RegistryVerifier.isDone(checks.check(requested, RESOLVE_TIMEOUT, MAX_RATE_WAIT,
                    () -> isUnknown(requested.key()), (begin, status) -> onResult(requested, begin, status)),
                    RESOLVE_TIMEOUT)) {
                return found;
            }
            found = findValid(requested.key());
            if (!watermarks.isRaisedSince(requested.registryRepository(), asOf)) {
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
     * registry itself.
     */
    private Optional<E> resolveByAnother(E requested) {
        CacheKey key = requested.key();
        if (!policy.isVerifiable(requested)) {
            return Optional.empty();
        }
        if (!repository.findAll(List.of(key, key.inBase())).isEmpty()) {
            // perhaps stored meanwhile, by another resolve
            return findValid(key);
        }
        List<E> others = repository.findConfirmed(requested, policy.freshAfter());
        policy.refresh();
        Optional<E> other = others.stream().filter((entry) -> !policy.isInvalidated(entry)).findFirst();
        other.ifPresent((entry) -> store(requested, entry.verification()));
        return other.flatMap((entry) -> findValid(key));
    }

    private void onResult(E requested, CheckBegin begin, ImageStatus status) {
        switch (status.outcome()) {
            case PRESENT -> store(requested, Verification.byRegistry(begin.at(),
                    Objects.requireNonNull(status.digest()), status.restedOn(), begin.asOf()));
            case ABSENT -> absences.add(requested, begin);
            case UNKNOWN -> log.debug("Not resolved, {}: {}", requested.value(), status.detail());
        }
    }

    /**
     * Verifies the invalidated entry that says the same, or else stores it as nobody's,
     * so that it keeps no writer from storing another. An entry that a client stored
     * meanwhile counts more. What an event has made untrue meanwhile is not served
     * anyway.
     */
    private void store(E requested, Verification verification) {
        Optional<E> found = repository.find(requested.key());
        policy.refresh();
        Optional<E> invalidated = found.filter((entry) -> policy.isInvalidated(entry) && entry.hasValueOf(requested));
        if (invalidated.isPresent()
                && repository.replace(invalidated.get(), verified(invalidated.get(), verification))) {
            return;
        }
        E confirmed = verified(requested, verification);
        try {
            PutResult<E> stored = repository.putIf(CacheEntry.writtenBy(confirmed, null), (current) -> {
                if (current != null && !policy.isInvalidated(current)) {
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
        Optional<E> found = repository.find(key);
        policy.refresh();
        return found.filter((entry) -> !policy.isInvalidated(entry));
    }

}
