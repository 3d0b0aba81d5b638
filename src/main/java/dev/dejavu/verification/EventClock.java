package dev.dejavu.verification;

import java.time.Duration;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.VerifiableEntry;

/**
 * When registries last sent events about their repositories, for as long as a check may
 * take. Times are those of {@link System#nanoTime}.
 */
@Component
class EventClock {

    private final Cache<String, Long> events = recent();

    /** Of these only the pushes: nothing else ends an absence. */
    private final Cache<String, Long> pushes = recent();

    private volatile long resetAt = System.nanoTime();

    private final ChangeFeed changes;

    EventClock(ChangeFeed changes) {
        this.changes = changes;
    }

    /** A cache of times. */
    static <K> Cache<K, Long> recent() {
        // Another thread for the upkeep would cost more than the upkeep.
        return Caffeine.newBuilder()
            .maximumSize(100_000)
            .expireAfterWrite(Duration.ofMinutes(2))
            .executor(Runnable::run)
            .build();
    }

    void record(RegistryEvent.Kind kind, String repository) {
        events.put(repository, System.nanoTime());
        if (kind == RegistryEvent.Kind.PUSH) {
            pushes.put(repository, System.nanoTime());
        }
    }

    /** Any event may have been lost until now. */
    void reset() {
        resetAt = System.nanoTime();
    }

    /**
     * Whether the registry sent an event since then, or one may have been lost: a check
     * already in flight then proves nothing.
     */
    boolean eventSince(VerifiableEntry entry, long since) {
        return maybeLostSince(since) || isSince(events, entry.registryRepository(), since);
    }

    /** Whether that was, or may have been, a push. */
    boolean pushSince(VerifiableEntry entry, long since) {
        return maybeLostSince(since) || isSince(pushes, entry.registryRepository(), since);
    }

    private boolean maybeLostSince(long since) {
        return !changes.isCurrent() || resetAt - since >= 0;
    }

    /** Whether a time is that of {@code since} or later. */
    static <K> boolean isSince(Cache<K, Long> times, K key, long since) {
        Long at = times.getIfPresent(key);
        return at != null && at - since >= 0;
    }

}
