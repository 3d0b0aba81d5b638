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

    /** One more is kept, to know whether there were more. */
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
            for (RegistryEvent event : received.subList(0, Math.min(received.size(), MAX + 1))) {
                events.addFirst(
                        new Received(webhook, event.kind().name().toLowerCase(Locale.ROOT), event.subject(), now));
            }
            while (events.size() > MAX + 1) {
                events.removeLast();
            }
        }
    }

    /** Newest first. */
    Excerpt<Received> list() {
        synchronized (events) {
            return Excerpt.of(List.copyOf(events), MAX);
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
