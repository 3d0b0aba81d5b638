package dev.dejavu.testing;

import java.time.Duration;
import java.util.function.BooleanSupplier;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A change by another instance is visible to every request that begins a second later,
 * however slow the machine is.
 */
public final class Staleness {

    /** No response may be this stale. */
    public static final Duration LIMIT = Duration.ofSeconds(1);

    private Staleness() {
    }

    /**
     * Polls until a change is visible. Call it once the change was acknowledged.
     * @param isVisible sends one request
     */
    public static void isBelowOneSecond(BooleanSupplier isVisible) {
        long acknowledged = System.nanoTime();
        Duration age = Duration.ZERO;
        while (!isVisible.getAsBoolean()) {
            assertThat(age).as("not visible to a request that began this long after it").isLessThan(LIMIT);
            age = Duration.ofNanos(System.nanoTime() - acknowledged);
        }
    }

}
