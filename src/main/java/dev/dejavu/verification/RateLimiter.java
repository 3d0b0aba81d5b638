package dev.dejavu.verification;

import java.time.Duration;

/**
 * When one registry may be asked: so often a second, and not while it does not want to.
 */
final class RateLimiter {

    private final long distance;

    private long next = System.nanoTime();

    private long silentUntil = next;

    /**
     * A pace.
     * @param rate looks a second
     */
    RateLimiter(double rate) {
        this.distance = (long) (1e9 / rate);
    }

    /**
     * Takes the next turn.
     * @param longest to wait for it
     * @return how long to wait; negative when there is no turn in time
     */
    synchronized Duration turn(Duration longest) {
        long now = System.nanoTime();
        long turn = (next - now > 0) ? next : now;
        if (silentUntil - now > 0 || turn - now > longest.toNanos()) {
            return Duration.ofNanos(-1);
        }
        next = turn + distance;
        return Duration.ofNanos(turn - now);
    }

    synchronized boolean isSilent() {
        return silentUntil - System.nanoTime() > 0;
    }

    /** It does not want to be asked for a while. */
    synchronized void silence(Duration duration) {
        long until = System.nanoTime() + duration.toNanos();
        if (until - silentUntil > 0) {
            silentUntil = until;
        }
    }

}
