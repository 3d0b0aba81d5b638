package dev.dejavu.console;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.dejavu.history.HistoryEvent;
import dev.dejavu.history.KeyHistory;
import dev.dejavu.history.Served;

/**
 * What happened to a key, on a page.
 *
 * @param served who was given its value; {@code null} for those who may not see it
 * @param trueAt when its value was last known to be true
 */
record HistoryView(Excerpt<Event> events, @Nullable Excerpt<Reader> served, @Nullable Moment trueAt) {

    static HistoryView of(KeyHistory history, Instant now) {
        List<Served> served = history.served();
        List<Served> since = history.servedSinceTrue();
        return new HistoryView(
                new Excerpt<>(history.events(), history.isCut()).map((event) -> Event.of(event, now)), (served != null)
                        ? new Excerpt<>(served, history.isServedCut()).map((one) -> Reader.of(one, since, now)) : null,
                (history.trueAt() != null) ? Moment.of(history.trueAt(), now) : null);
    }

    /**
     * An event.
     *
     * @param text the words about it
     */
    record Event(String kind, @Nullable String actor, String text, Moment at) {

        static Event of(HistoryEvent event, Instant now) {
            String previous = event.previousValue();
            String text = join(join((event.detail() != null) ? event.detail() : "", event.reason()),
                    (previous != null) ? "before: " + previous : null);
            return new Event(event.kind().toString(), event.actor(), text, Moment.of(event.at(), now));
        }

        private static String join(String one, @Nullable String other) {
            return (other == null) ? one : one.isEmpty() ? other : one + "; " + other;
        }

    }

    /**
     * Somebody who was given a value.
     *
     * @param isSinceTrue whether that was so since it was last known to be true
     */
    record Reader(String identity, long times, Moment first, Moment last, boolean isSinceTrue) {

        static Reader of(Served served, @Nullable List<Served> since, Instant now) {
            return new Reader(served.identity(), served.times(), Moment.of(served.firstAt(), now),
                    Moment.of(served.lastAt(), now),
                    since != null && since.stream().anyMatch((one) -> one.identity().equals(served.identity())));
        }

    }

}
