package dev.dejavu.console;

import java.time.Clock;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheObserver;
import dev.dejavu.cache.RegistryEvent;

/**
 * The last events that the webhooks of this instance received.
 */
@Component
class RecentEvents implements CacheObserver {

    private static final int MAX = 100;

    private final Deque<Received> events = new ArrayDeque<>();

    private final Clock clock;

    RecentEvents(Clock clock) {
        this.clock = clock;
    }

    @Override
    public void onRegistryEvents(String webhook, List<RegistryEvent> received) {
        Instant now = clock.instant();
        synchronized (events) {
            for (RegistryEvent event : received.subList(0, Math.min(received.size(), MAX))) {
                events.addFirst(
                        new Received(webhook, event.kind().name().toLowerCase(Locale.ROOT), event.subject(), now));
            }
            while (events.size() > MAX) {
                events.removeLast();
            }
        }
    }

    /** Newest first. */
    List<Received> list() {
        synchronized (events) {
            return List.copyOf(events);
        }
    }

    /**
     * An event.
     *
     * @param image its repository, with tag and digest as far as it names them
     */
    record Received(String webhook, String kind, String image, Instant at) {
    }

}
