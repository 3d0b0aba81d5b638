package dev.dejavu.verification;

import java.time.Duration;

/**
 * When one registry may be checked: at a constant rate, and not while it asked for a
 * pause.
 */
final class RateLimiter {

    /** Nanoseconds between two checks. */
    private final long interval;

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
     * Reserves the next check.
     * @param maxWait how long the caller can wait for it
     * @return how long to wait; negative when there is none in that time
     */
    synchronized Duration reserve(Duration maxWait) {
        long now = System.nanoTime();
        long turn = (next - now > 0) ? next : now;
        if (pausedUntil - now > 0 || turn - now > maxWait.toNanos()) {
            return Duration.ofNanos(-1);
        }
        next = turn + interval;
        return Duration.ofNanos(turn - now);
    }

    synchronized boolean isPaused() {
        return pausedUntil - System.nanoTime() > 0;
    }

    /** The registry does not want to be asked for a while. */
    synchronized void pause(Duration duration) {
        long until = System.nanoTime() + duration.toNanos();
        if (until - pausedUntil > 0) {
            pausedUntil = until;
        }
    }

}
