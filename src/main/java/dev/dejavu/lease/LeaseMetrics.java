package dev.dejavu.lease;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.LeaseEvent;

/**
 * Counts what becomes of leases and of those who wait for them.
 */
@Component
class LeaseMetrics {

    private static final String EVENTS = "dejavu.lease.events";

    private final Map<Outcome, Timer> waits = new EnumMap<>(Outcome.class);

    private final Map<LeaseEvent.Kind, Counter> events = new EnumMap<>(LeaseEvent.Kind.class);

    LeaseMetrics(MeterRegistry registry, KnownLeases known, WaitingRooms rooms) {
        for (Outcome outcome : Outcome.values()) {
            waits.put(outcome,
                    Timer.builder("dejavu.lease.waits")
                        .description("Requests that waited for an image or its lease, until what happened")
                        .tag("outcome", lower(outcome))
                        .register(registry));
        }
        for (LeaseEvent.Kind kind : LeaseEvent.Kind.values()) {
            events.put(kind,
                    Counter.builder(EVENTS)
                        .description("Leases of images that were taken, given beside another, given back or lost")
                        .tag("event", lower(kind))
                        .register(registry));
        }
        Gauge.builder("dejavu.leases", known, KnownLeases::live)
            .description("Images that somebody builds now, of all instances, up to ten seconds ago")
            .register(registry);
        Gauge.builder("dejavu.lease.waiting", rooms, WaitingRooms::waiting)
            .description("Requests that wait here now")
            .register(registry);
    }

    /**
     * How a wait ended.
     */
    enum Outcome {

        /** The entry came. */
        BUILT,

        /** The waiter got the lease. */
        TAKEN,

        /** The waiter got a lease beside another. */
        HEDGED,

        /** Nothing until its end. */
        TIMEOUT,

        /** Nobody builds it any more. */
        ENDED

    }

    private static String lower(Enum<?> name) {
        return name.name().toLowerCase(Locale.ROOT);
    }

    /**
     * Counts a wait.
     * @param begin as {@link System#nanoTime}
     */
    void waited(Outcome outcome, long begin) {
        timer(outcome).record(Duration.ofNanos(System.nanoTime() - begin));
    }

    private Timer timer(Outcome outcome) {
        return Objects.requireNonNull(waits.get(outcome));
    }

    void waited(LeaseAnswer<?> answer, long begin) {
        waited(switch (answer) {
            case LeaseAnswer.Here<?> here -> Outcome.BUILT;
            case LeaseAnswer.Yours<?> yours -> yours.lease().isHedge() ? Outcome.HEDGED : Outcome.TAKEN;
            case LeaseAnswer.Another<?> another -> Outcome.TIMEOUT;
        }, begin);
    }

    void count(LeaseEvent.Kind kind) {
        Objects.requireNonNull(events.get(kind)).increment();
    }

}
