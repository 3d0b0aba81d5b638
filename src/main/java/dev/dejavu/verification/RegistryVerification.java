package dev.dejavu.verification;

import java.time.Clock;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheObservers;
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

    private final CacheObservers observers;

    private final Timer staleHitAge;

    private final Clock clock;

    private final List<EventFollowUp<?>> followUps = new CopyOnWriteArrayList<>();

    RegistryVerification(VerificationProperties properties, FreshnessPolicy policy, RegistryChecks checks,
            NegativeCache absences, EventClock events, ChangeFeed changes, CacheObservers observers,
            MeterRegistry metrics, Clock clock) {
        this.observers = observers;
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

    /**
     * A verifier of the entries in a repository.
     * @param cache the name of their cache
     */
    public <E extends VerifiableEntry> Verifier<E> verifierOf(String cache, VerifiableRepository<E> repository) {
        EntryCheck<E> check = new EntryCheck<>(repository, properties, policy, checks, absences, events,
                (entry, reason) -> observers.publish((observer) -> observer.onRefuted(cache, entry, reason)), clock);
        followUps.add(new EventFollowUp<>(cache, repository, check, policy, absences, changes, observers));
        Resolver<E> resolver = new Resolver<>(repository, properties, policy, checks, absences, events,
                (stored) -> observers.publish((observer) -> observer.onWrite(cache, stored)));
        return new RegistryVerifier<>(repository, properties, policy, check, resolver, absences, staleHitAge, clock);
    }

    @Override
    public void onRegistryEvents(String webhook, List<RegistryEvent> received) {
        followUps.forEach((followUp) -> followUp.onRegistryEvents(webhook, received));
    }

}
