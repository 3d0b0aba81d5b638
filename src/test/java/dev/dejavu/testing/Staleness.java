package dev.dejavu.testing;

import java.time.Duration;
import java.util.function.BooleanSupplier;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What others change is seen by every request that begins a second later, however slow
 * the machine is to answer it.
 */
public final class Staleness {

    /** The age that no answer may have. */
    public static final Duration KEPT = Duration.ofSeconds(1);

    private Staleness() {
    }

    /**
     * Asks until the change is seen; call it when the change was acknowledged.
     * @param seen asks once
     */
    public static void isBelowOneSecond(BooleanSupplier seen) {
        long acknowledged = System.nanoTime();
        Duration age = Duration.ZERO;
        while (!seen.getAsBoolean()) {
            assertThat(age).as("not seen by a request that began so long after").isLessThan(KEPT);
            age = Duration.ofNanos(System.nanoTime() - acknowledged);
        }
    }

}
