package dev.dejavu.verification;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.dejavu.cache.Watermark;

/**
 * Raises watermarks once more, some time after their events: a registry may still show
 * for a moment what it has just deleted. It is one transaction for all events of a tenth
 * of a second.
 */
final class SecondRaise {

    private static final Logger log = LoggerFactory.getLogger(SecondRaise.class);

    private static final Duration TICK = Duration.ofMillis(100);

    /** Tries. */
    private static final int WARN_AFTER = 10;

    private final Watermarks watermarks;

    private final Duration delay;

    private final Consumer<List<Watermark>> onRaised;

    /** What came in each tick, the oldest first. */
    private final Deque<Pending> pending = new ArrayDeque<>();

    private @Nullable Thread running;

    /**
     * Second raises.
     * @param delay since the event, about
     */
    SecondRaise(Watermarks watermarks, Duration delay, Consumer<List<Watermark>> onRaised) {
        this.watermarks = watermarks;
        this.delay = delay;
        this.onRaised = onRaised;
    }

    /** Will raise what is pending. */
    synchronized void schedule(Watermark watermark) {
        long from = watermark.pending();
        long upTo = watermark.latest();
        long now = System.nanoTime();
        Pending last = pending.peekLast();
        if (last != null && now - last.since() < TICK.toNanos()) {
            pending.removeLast();
            pending.add(new Pending(Math.min(last.from(), from), Math.max(last.upTo(), upTo), last.since()));
        }
        else {
            pending.add(new Pending(from, upTo, now));
        }
        if (running == null) {
            running = Thread.ofVirtual().name("events").start(this::run);
        }
    }

    private void run() {
        try {
            for (Pending next = oldest(); next != null; next = oldest()) {
                TimeUnit.NANOSECONDS.sleep(next.since() + delay.toNanos() - System.nanoTime());
                Pending over = takeOldest();
                raise(over.from(), over.upTo());
            }
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized @Nullable Pending oldest() {
        if (pending.isEmpty()) {
            running = null;
        }
        return pending.peek();
    }

    private synchronized Pending takeOldest() {
        return pending.remove();
    }

    private void raise(long from, long upTo) throws InterruptedException {
        for (int i = 1;; i++) {
            try {
                onRaised.accept(watermarks.raiseAgain(from, upTo));
                return;
            }
            catch (RuntimeException ex) {
                log.debug("Not raised again yet", ex);
                if (i == WARN_AFTER) {
                    log.warn(
                            "The database does not answer: what a registry has just deleted may be served until it does");
                }
                Thread.sleep(delay);
            }
        }
    }

    /** Leaves what is pending to others, or to the next start. */
    synchronized void stop() {
        if (running != null) {
            running.interrupt();
        }
    }

    /**
     * What came in one tick.
     *
     * @param from the lowest number
     * @param upTo the highest one
     * @param since its begin, as {@link System#nanoTime}
     */
    private record Pending(long from, long upTo, long since) {
    }

}
