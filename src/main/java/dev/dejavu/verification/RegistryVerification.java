package dev.dejavu.verification;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheObservers;
import dev.dejavu.cache.CacheTable;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.RegistryEventListener;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.VerifiableRepository;
import dev.dejavu.cache.Verifier;
import dev.dejavu.cache.Watermark;
import dev.dejavu.registry.ImageReference;

/**
 * Verifies what is in repositories against registries, and passes the events of
 * registries on to all of them.
 */
@Component
public class RegistryVerification implements RegistryEventListener, AutoCloseable {

    /**
     * Until a registry shows what it has told; leaves some time for the promise of a
     * second.
     */
    private static final Duration SETTLING = Duration.ofMillis(900);

    /** In which another instance should have done it. */
    private static final Duration SETTLING_OF_OTHERS = Duration.ofSeconds(3);

    private final VerificationProperties properties;

    private final FreshnessPolicy policy;

    private final RegistryChecks checks;

    private final NegativeCache absences;

    private final Watermarks watermarks;

    private final CacheObservers observers;

    private final Timer staleHitAge;

    private final Clock clock;

    private final SecondRaise secondRaise;

    private final SecondRaise secondRaiseOfOthers;

    private final List<EventFollowUp<?>> followUps = new CopyOnWriteArrayList<>();

    RegistryVerification(VerificationProperties properties, FreshnessPolicy policy, RegistryChecks checks,
            NegativeCache absences, Watermarks watermarks, CacheObservers observers, MeterRegistry metrics,
            Clock clock) {
        this.observers = observers;
        this.properties = properties;
        this.policy = policy;
        this.checks = checks;
        this.absences = absences;
        this.watermarks = watermarks;
        this.staleHitAge = Timer.builder("dejavu.stale.hit.age")
            .description("Time since the last verification of hits served stale")
            .register(metrics);
        this.clock = clock;
        this.secondRaise = new SecondRaise(watermarks, SETTLING, this::check);
        this.secondRaiseOfOthers = new SecondRaise(watermarks, SETTLING_OF_OTHERS, this::check);
        watermarks.onPending(secondRaiseOfOthers::schedule);
    }

    /**
     * A verifier of the entries in a repository.
     * @param table of their cache
     */
    public <E extends VerifiableEntry> Verifier<E> verifierOf(CacheTable<E> table, VerifiableRepository<E> repository) {
        watermarks.keepFor(table.timeToLive().ttl());
        EntryCheck<E> check = new EntryCheck<>(repository, properties, policy, checks, absences, watermarks,
                (entry, reason) -> observers.publish((observer) -> observer.onRefuted(table.name(), entry, reason)),
                (entry) -> observers.publish((observer) -> observer.onConfirmed(table.name(), entry)));
        followUps.add(new EventFollowUp<>(repository, check, policy));
        Resolver<E> resolver = new Resolver<>(repository, properties, policy, checks, absences, watermarks,
                (stored) -> observers.publish((observer) -> observer.onWrite(table.name(), stored)));
        return new RegistryVerifier<>(repository, properties, policy, check, resolver, absences, watermarks,
                staleHitAge, clock);
    }

    @Override
    public void onRegistryEvents(String webhook, List<RegistryEvent> received) {
        Map<Boolean, List<RegistryEvent>> events = received.stream()
            .flatMap(RegistryVerification::canonical)
            .collect(Collectors.partitioningBy(policy::isVerifiable));
        events.forEach((isVerifiable, some) -> {
            List<Watermark> raised = some.isEmpty() ? List.of() : watermarks.raise(some, isVerifiable);
            raised.stream().filter(Watermark::isPending).forEach(secondRaise::schedule);
            check(raised);
        });
        observers.publish((observer) -> observer.onRegistryEvents(webhook, received));
    }

    /** The event as entries call its repository; none if no entry can have its name. */
    private static Stream<RegistryEvent> canonical(RegistryEvent event) {
        ImageReference reference = ImageReference
            .parse(event.repository() + ":" + ((event.tag() != null) ? event.tag() : "any"));
        return (reference == null) ? Stream.empty() : Stream
            .of(new RegistryEvent(event.kind(), reference.canonicalRepository(), event.tag(), event.digest()));
    }

    private void check(List<Watermark> raised) {
        followUps.forEach((followUp) -> followUp.check(raised));
    }

    @Override
    public void close() {
        secondRaise.stop();
        secondRaiseOfOthers.stop();
    }

}
