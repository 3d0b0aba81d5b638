package dev.dejavu.verification;

import java.time.Clock;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.RegistryEventListener;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.VerifiableRepository;
import dev.dejavu.cache.Verifier;

/**
 * Verifies what is in repositories against registries, and passes the events of
 * registries on to all of them.
 */
@Component
public class RegistryVerification implements RegistryEventListener {

    private final VerificationProperties properties;

    private final FreshnessPolicy policy;

    private final RegistryChecks checks;

    private final NegativeCache absences;

    private final EventClock events;

    private final ChangeFeed changes;

    private final Timer staleHitAge;

    private final Clock clock;

    private final List<EventFollowUp<?>> followUps = new CopyOnWriteArrayList<>();

    RegistryVerification(VerificationProperties properties, FreshnessPolicy policy, RegistryChecks checks,
            NegativeCache absences, EventClock events, ChangeFeed changes, MeterRegistry metrics, Clock clock) {
        this.properties = properties;
        this.policy = policy;
        this.checks = checks;
        this.absences = absences;
        this.events = events;
        this.changes = changes;
        this.staleHitAge = Timer.builder("dejavu.stale.hit.age")
            .description("Time since the last verification of hits served stale")
            .register(metrics);
        this.clock = clock;
    }

    /** A verifier of the entries in a repository. */
    public <E extends VerifiableEntry> Verifier<E> verifierOf(VerifiableRepository<E> repository) {
        EntryCheck<E> check = new EntryCheck<>(repository, properties, policy, checks, absences, events, clock);
        followUps.add(new EventFollowUp<>(repository, check, policy, absences, changes));
        Resolver<E> resolver = new Resolver<>(repository, properties, checks, absences, events);
        return new RegistryVerifier<>(repository, properties, policy, check, resolver, absences, staleHitAge, clock);
    }

    @Override
    public void onRegistryEvent(RegistryEvent event) {
        followUps.forEach((followUp) -> followUp.onRegistryEvent(event));
    }

}
