package dev.dejavu.registry;

import java.time.Clock;
import java.time.Instant;

/**
 * How often a helper of all registries is started for one that it had no login for: each
 * name that a client makes up under a pattern of the allow list is such a one.
 */
final class HelperStarts {

    /** At once. */
    private static final int BURST = 20;

    private static final int PER_SECOND = 2;

    private final Clock clock;

    private double left = BURST;

    private Instant countedAt;

    HelperStarts(Clock clock) {
        this.clock = clock;
        this.countedAt = clock.instant();
    }

    /** Whether one more may start now. */
    synchronized boolean take() {
        Instant now = clock.instant();
        double seconds = Math.max(0, now.toEpochMilli() - countedAt.toEpochMilli()) / 1000.0;
        countedAt = now;
        left = Math.min(BURST, left + PER_SECOND * seconds);
        if (left < 1) {
            return false;
        }
        left--;
        return true;
    }

}
