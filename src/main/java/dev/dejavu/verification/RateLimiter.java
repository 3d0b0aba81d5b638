package dev.dejavu.verification;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

/**
 * When one registry may be checked: at a constant rate, those first that somebody waits
 * for, and not while it asked for a pause.
 */
final class RateLimiter {

    /** What a turn that comes late may leave to the next ones. */
    private static final long MAX_CATCH_UP = Duration.ofMillis(100).toNanos();

    /** Nanoseconds between two checks. */
    private final long interval;

    private final ReentrantLock lock = new ReentrantLock();

    private final Deque<Turn> awaited = new ArrayDeque<>();

    private final Deque<Turn> others = new ArrayDeque<>();

    private long next = System.nanoTime();

    private long pausedUntil = next;

    /**
     * A rate limiter.
     * @param rate checks per second
     */
    RateLimiter(double rate) {
        this.interval = (long) (1e9 / rate);
    }

    /**
     * Waits for a turn.
     * @param maxWait how long at most
     * @return whether it came; not when the registry wants a pause, nor once nobody waits
     * any more for a turn that somebody waited for
     */
    boolean acquire(Turn turn, Duration maxWait) {
        long begin = System.nanoTime();
        lock.lock();
        try {
            long before = Math.max(next - begin, 0)
                    + interval * (awaited.size() + (turn.isAwaited() ? 0 : others.size()));
            return before <= maxWait.toNanos() && await(turn, begin + maxWait.toNanos());
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return false;
        }
        finally {
            lock.unlock();
        }
    }

    private boolean await(Turn turn, long deadline) throws InterruptedException {
        Condition condition = lock.newCondition();
        turn.condition = condition;
        (turn.isAwaited() ? awaited : others).add(turn);
        try {
            boolean waited = false;
            for (long now = System.nanoTime(); !isPaused() && deadline - now >= 0; now = System.nanoTime()) {
                if (awaited.contains(turn) && !turn.isAwaited()) {
                    return false;
                }
                Turn first = first();
                if (first == turn && now - next >= 0) {
                    next = (waited ? Math.max(next, now - MAX_CATCH_UP) : now) + interval;
                    return true;
                }
                long until = turn.isAwaited() ? Math.min(turn.awaitedUntil, deadline) : deadline;
                if (first == turn) {
                    condition.awaitNanos(Math.min(next, until) - now);
                }
                else {
                    signalFirst();
                    condition.awaitNanos(until - now);
                }
                waited = true;
            }
            return false;
        }
        finally {
            awaited.remove(turn);
            others.remove(turn);
            signalFirst();
        }
    }

    private @Nullable Turn first() {
        return awaited.isEmpty() ? others.peek() : awaited.element();
    }

    private void signalFirst() {
        Turn first = first();
        if (first != null && first.condition != null) {
            first.condition.signal();
        }
    }

    /** Somebody waits for the check from now on. */
    void promote(Turn turn, Duration awaitedFor) {
        lock.lock();
        try {
            turn.await(awaitedFor);
            if (others.remove(turn)) {
                awaited.add(turn);
                signalFirst();
            }
        }
        finally {
            lock.unlock();
        }
    }

    boolean isPaused() {
        lock.lock();
        try {
            return pausedUntil - System.nanoTime() > 0;
        }
        finally {
            lock.unlock();
        }
    }

    /** The registry does not want to be asked for a while. */
    void pause(Duration duration) {
        lock.lock();
        try {
            long until = System.nanoTime() + duration.toNanos();
            if (until - pausedUntil > 0) {
                pausedUntil = until;
            }
        }
        finally {
            lock.unlock();
        }
    }

    /**
     * The turn of a check.
     */
    static final class Turn {

        /** As {@link System#nanoTime}. */
        private volatile long awaitedUntil = System.nanoTime();

        private @Nullable Condition condition;

        /**
         * A turn.
         * @param awaitedFor how long somebody waits for the check; zero for not
         */
        Turn(Duration awaitedFor) {
            await(awaitedFor);
        }

        private void await(Duration duration) {
            long until = System.nanoTime() + duration.toNanos();
            if (until - awaitedUntil > 0) {
                awaitedUntil = until;
            }
        }

        boolean isAwaited() {
            return awaitedUntil - System.nanoTime() > 0;
        }

    }

}
