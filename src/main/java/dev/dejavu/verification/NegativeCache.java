package dev.dejavu.verification;

import java.time.Clock;
import java.time.Instant;
import java.util.List;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.ChangeListener;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.VerifiableEntry;

/**
 * What registries did not have a moment ago (RFC 2308). Any change of a key ends its
 * absence, so absences are served only while the change feed is current.
 */
@Component
class NegativeCache implements ChangeListener {

    private final Cache<CacheKey, Absence> absences = Caffeine.newBuilder()
        .maximumSize(100_000)
        .executor(Runnable::run)
        .build();

    private final Cache<CacheKey, Long> changedAt = EventClock.recent();

    private final EventClock events;

    private final ChangeFeed changes;

    private final VerificationProperties properties;

    private final Clock clock;

    NegativeCache(EventClock events, ChangeFeed changes, VerificationProperties properties, Clock clock) {
        this.events = events;
        this.changes = changes;
        this.properties = properties;
        this.clock = clock;
    }

    /**
     * The registry does not have it, and there is no entry.
     * @param at when the check began
     * @param since the same as {@link System#nanoTime}: a later change or push counts
     * more
     */
    void add(VerifiableEntry requested, Instant at, long since) {
        add(requested, at, since, false);
    }

    /**
     * The registry does not have it, and its entry is about to be removed: the change
     * feed will bring that removal.
     */
    void addBeforeRemoval(VerifiableEntry entry, Instant at, long since) {
        add(entry, at, since, true);
    }

    private void add(VerifiableEntry entry, Instant at, long since, boolean removalFollows) {
        absences.put(entry.key(), new Absence(at.toEpochMilli(), removalFollows, entry.registryRepository()));
        if (EventClock.isSince(changedAt, entry.key(), since) || events.pushSince(entry, since)) {
            absences.invalidate(entry.key());
        }
    }

    void remove(CacheKey key) {
        changedAt.put(key, System.nanoTime());
        absences.invalidate(key);
    }

    boolean contains(CacheKey key) {
        Absence absence = changes.isCurrent() ? absences.getIfPresent(key) : null;
        return absence != null && clock.millis() - absence.at() < properties.negativeTtl().toMillis();
    }

    @Override
    public void onChange(String cache, List<CacheKey> keys) {
        for (CacheKey key : keys) {
            Absence absence = absences.getIfPresent(key);
            if (absence != null && absence.removalFollows()) {
                absences.asMap().replace(key, absence, new Absence(absence.at(), false, absence.repository()));
            }
            else {
                remove(key);
            }
        }
    }

    @Override
    public void onRegistryEvent(RegistryEvent.Kind kind, String repository) {
        // Before the absences, so that one which is added meanwhile knows of it.
        events.record(kind, repository);
        if (kind == RegistryEvent.Kind.PUSH) {
            absences.asMap().values().removeIf((absence) -> absence.repository().equals(repository));
        }
    }

    @Override
    public void onReset() {
        events.reset();
        absences.invalidateAll();
    }

    /**
     * An absence.
     *
     * @param at epoch milliseconds
     * @param removalFollows whether the next change of the key is the removal of its
     * entry
     * @param repository whose pushes end it
     */
    private record Absence(long at, boolean removalFollows, String repository) {
    }

}
