package dev.dejavu.verification;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheObservers;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.RegistryEventListener;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.VerifiableRepository;

/**
 * Invalidates what events of a registry may have made untrue, and checks it. An event is
 * a hint, not proof: it counts as true only where the registry may not be asked.
 *
 * @param <E> the entry
 */
final class EventFollowUp<E extends VerifiableEntry> implements RegistryEventListener {

    private static final Logger log = LoggerFactory.getLogger(EventFollowUp.class);

    /** Until all instances know of an event. */
    private static final Duration EVENT_PROPAGATION = Duration.ofSeconds(1);

    /** Checks that an event starts; other entries are checked when they are looked up. */
    private static final int MAX_EAGER_CHECKS = 100;

    private final String cache;

    private final VerifiableRepository<E> repository;

    private final EntryCheck<E> check;

    private final FreshnessPolicy policy;

    private final NegativeCache absences;

    private final ChangeFeed changes;

    private final CacheObservers observers;

    /** When each list of events came last, of those to follow up once more. */
    private final Map<List<RegistryEvent>, Long> pending = new ConcurrentHashMap<>();

    EventFollowUp(String cache, VerifiableRepository<E> repository, EntryCheck<E> check, FreshnessPolicy policy,
            NegativeCache absences, ChangeFeed changes, CacheObservers observers) {
        this.cache = cache;
        this.observers = observers;
        this.repository = repository;
        this.check = check;
        this.policy = policy;
        this.absences = absences;
        this.changes = changes;
    }

    /**
     * Follows events up at once, and once more after a while: until all instances know of
     * them, one of them may store what it saw before, and a registry may still show for a
     * moment what it has just deleted.
     */
    @Override
    public void onRegistryEvents(String webhook, List<RegistryEvent> events) {
        List<CacheKey> affected = repository.invalidate(events);
        events.forEach((event) -> absences.onRegistryEvent(event.kind(), event.repository()));
        changes.publish(events);
        recheck(affected);
        observers.publish((observer) -> observer.onRegistryEvents(cache, webhook, events, affected));
        List<RegistryEvent> checkable = events.stream().filter(policy::isVerifiable).toList();
        if (!checkable.isEmpty() && pending.put(checkable, System.nanoTime()) == null) {
            Thread.ofVirtual().name("verification").start(() -> recheckAfterPropagation(checkable));
        }
    }

    private void recheckAfterPropagation(List<RegistryEvent> events) {
        try {
            Long last;
            do {
                last = Objects.requireNonNull(pending.get(events));
                Thread.sleep(EVENT_PROPAGATION.minusNanos(System.nanoTime() - last));
            }
            while (!pending.remove(events, last));
            recheck(repository.invalidate(events));
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
        catch (DataAccessException ex) {
            log.warn("Not checked again after events of registries: {}", ex.getMessage());
        }
    }

    private void recheck(List<CacheKey> affected) {
        if (affected.isEmpty()) {
            return;
        }
        for (E entry : repository.findAll(affected.subList(0, Math.min(affected.size(), MAX_EAGER_CHECKS)))) {
            if (policy.isVerifiable(entry)) {
                check.forget(entry.key());
                var _ = check.start(entry);
            }
            else if (entry.verification().isInvalidated() && repository.removeIfUnchanged(entry)) {
                check.refuted(entry, "its registry sent an event");
            }
        }
    }

}
