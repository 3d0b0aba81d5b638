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
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.RegistryEventListener;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.VerifiableRepository;

/**
 * Invalidates what an event of a registry may have made untrue, and checks it. An event
 * is a hint, not proof: it counts as true only where the registry may not be asked.
 *
 * @param <E> the entry
 */
final class EventFollowUp<E extends VerifiableEntry> implements RegistryEventListener {

    private static final Logger log = LoggerFactory.getLogger(EventFollowUp.class);

    /** Until all instances know of an event. */
    private static final Duration EVENT_PROPAGATION = Duration.ofSeconds(1);

    /** Checks that an event starts; other entries are checked when they are looked up. */
    private static final int MAX_EAGER_CHECKS = 100;

    private final VerifiableRepository<E> repository;

    private final EntryCheck<E> check;

    private final FreshnessPolicy policy;

    private final NegativeCache absences;

    private final ChangeFeed changes;

    /** When each event came last, of those to follow up once more. */
    private final Map<RegistryEvent, Long> pending = new ConcurrentHashMap<>();

    EventFollowUp(VerifiableRepository<E> repository, EntryCheck<E> check, FreshnessPolicy policy,
            NegativeCache absences, ChangeFeed changes) {
        this.repository = repository;
        this.check = check;
        this.policy = policy;
        this.absences = absences;
        this.changes = changes;
    }

    /**
     * Follows an event up at once, and once more after a while: until all instances know
     * of it, one of them may store what it saw before, and a registry may still show for
     * a moment what it has just deleted.
     */
    @Override
    public void onRegistryEvent(RegistryEvent event) {
        List<CacheKey> affected = repository.invalidate(event);
        absences.onRegistryEvent(event.kind(), event.repository());
        changes.publish(event.kind(), event.repository());
        recheck(affected);
        if (policy.isVerifiable(event) && pending.put(event, System.nanoTime()) == null) {
            Thread.ofVirtual().name("verification").start(() -> recheckAfterPropagation(event));
        }
    }

    private void recheckAfterPropagation(RegistryEvent event) {
        try {
            Long last;
            do {
                last = Objects.requireNonNull(pending.get(event));
                Thread.sleep(EVENT_PROPAGATION.minusNanos(System.nanoTime() - last));
            }
            while (!pending.remove(event, last));
            recheck(repository.invalidate(event));
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
        catch (DataAccessException ex) {
            log.warn("Not checked again after an event of {}: {}", event.repository(), ex.getMessage());
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
                log.info("Removed {} of {}: its registry sent an event", entry.key(), entry.value());
            }
        }
    }

}
