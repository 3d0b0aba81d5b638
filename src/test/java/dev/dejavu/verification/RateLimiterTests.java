package dev.dejavu.verification;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.dejavu.verification.RateLimiter.Turn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class RateLimiterTests {

    private static final Duration LONG = Duration.ofMinutes(1);

    /** Too slow for a second turn by itself, until the test has queued all. */
    private static final double RATE = 4;

    private final RateLimiter limiter = new RateLimiter(RATE);

    private final List<String> taken = Collections.synchronizedList(new ArrayList<>());

    private final List<Thread> threads = new ArrayList<>();

    @BeforeEach
    void takeTheFirst() {
        assertThat(limiter.acquire(new Turn(Duration.ZERO), LONG)).isTrue();
    }

    @AfterEach
    void stop() throws InterruptedException {
        for (Thread thread : threads) {
            thread.interrupt();
            thread.join();
        }
    }

    private Turn queue(String name, Duration awaitedFor) {
        Turn turn = new Turn(awaitedFor);
        Thread thread = Thread.ofPlatform().start(() -> {
            if (limiter.acquire(turn, LONG)) {
                taken.add(name);
            }
        });
        threads.add(thread);
        await().pollInterval(Duration.ofMillis(1))
            .until(() -> !thread.isAlive() || thread.getState() == Thread.State.TIMED_WAITING);
        return turn;
    }

    @Test
    void awaitedGoBeforeOthersInTheirOrder() {
        queue("background 1", Duration.ZERO);
        queue("background 2", Duration.ZERO);
        queue("awaited 1", LONG);
        queue("awaited 2", LONG);
        await().until(() -> taken.size() == 4);
        assertThat(taken).containsExactly("awaited 1", "awaited 2", "background 1", "background 2");
    }

    @Test
    void promotedGoesBeforeOthers() {
        queue("background 1", Duration.ZERO);
        Turn second = queue("background 2", Duration.ZERO);
        limiter.promote(second, LONG);
        await().until(() -> taken.size() == 2);
        assertThat(taken).containsExactly("background 2", "background 1");
    }

    @Test
    void turnThatNobodyAwaitsAnyMoreEnds() {
        for (int i = 1; i <= 4; i++) {
            queue("awaited", LONG);
        }
        // Its turn would come a second after the first.
        queue("given up", Duration.ofMillis(500));
        queue("background", Duration.ZERO);
        await().until(() -> taken.contains("background"));
        assertThat(taken).containsExactly("awaited", "awaited", "awaited", "awaited", "background");
    }

    @Test
    void rateIsKept() {
        long begin = System.nanoTime();
        for (int i = 0; i < 3; i++) {
            assertThat(limiter.acquire(new Turn(LONG), LONG)).isTrue();
        }
        // The first waits for what was taken before.
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofMillis(650));
    }

    @Test
    void turnThatCannotComeInTimeIsRefusedAtOnce() {
        queue("awaited", LONG);
        assertThat(limiter.acquire(new Turn(LONG), Duration.ofMillis(240))).isFalse();
        assertThat(taken).isEmpty();
    }

    @Test
    void pauseRefusesThoseThatWait() {
        queue("awaited", LONG);
        limiter.pause(LONG);
        assertThat(limiter.isPaused()).isTrue();
        assertThat(limiter.acquire(new Turn(LONG), LONG)).isFalse();
        await().until(() -> !threads.getFirst().isAlive());
        assertThat(taken).isEmpty();
    }

}
