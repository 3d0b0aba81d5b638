package dev.dejavu.web;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

import io.github.bucket4j.TimeMeter;
import org.junit.jupiter.api.Test;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class RateLimitTests {

    private final AtomicLong nanos = new AtomicLong();

    private final RateLimit limit = new RateLimit(2, 10, new TimeMeter() {
        @Override
        public long currentTimeNanos() {
            return nanos.get();
        }

        @Override
        public boolean isWallClockBased() {
            return false;
        }
    });

    private int accepted(String caller) {
        for (int count = 0; count < 1000; count++) {
            try {
                limit.require(caller);
            }
            catch (ProblemException ex) {
                return count;
            }
        }
        return 1000;
    }

    @Test
    void burstIsAcceptedAndThenTheRate() {
        assertThat(accepted("ada")).isEqualTo(10);
        nanos.addAndGet(Duration.ofSeconds(3).toNanos());
        assertThat(accepted("ada")).isEqualTo(6);
        nanos.addAndGet(Duration.ofMinutes(1).toNanos());
        assertThat(accepted("ada")).isEqualTo(10);
    }

    @Test
    void callersHaveBucketsOfTheirOwn() {
        accepted("ada");
        assertThat(accepted("bob")).isEqualTo(10);
    }

    @Test
    void refusalSaysInWholeSecondsWhenTheNextIsAccepted() {
        accepted("ada");
        assertThatExceptionOfType(ProblemException.class).isThrownBy(() -> limit.require("ada")).satisfies((ex) -> {
            assertThat(ex.problem()).isEqualTo(Problem.TOO_MANY_REQUESTS);
            assertThat(ex.retryAfter()).isEqualTo(Duration.ofSeconds(1));
        });
        nanos.addAndGet(Duration.ofSeconds(1).toNanos());
        limit.require("ada");
    }

    @Test
    void rateOfZeroIsNoLimit() {
        RateLimit off = new RateLimit(0, 1, TimeMeter.SYSTEM_NANOTIME);
        for (int i = 0; i < 1000; i++) {
            off.require("ada");
        }
    }

}
