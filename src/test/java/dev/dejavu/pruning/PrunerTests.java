package dev.dejavu.pruning;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.dao.CannotAcquireLockException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.scheduling.support.SimpleTriggerContext;

import dev.dejavu.cache.Prunable;
import dev.dejavu.testing.SettableRandom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class PrunerTests {

    private static final PruningProperties DEFAULTS = new PruningProperties(0.05, Duration.ofHours(1), 1000);

    @Test
    void waitIsBetweenHalfAndOneAndAHalfIntervals() {
        SettableRandom random = new SettableRandom();
        ScheduledPruning pruning = new ScheduledPruning(new Pruner(List.of(), DEFAULTS), DEFAULTS,
                new ThreadPoolTaskScheduler(), random);
        Instant last = Instant.parse("2026-01-31T09:30:00Z");
        SimpleTriggerContext context = new SimpleTriggerContext(last, last, last);
        random.set(0);
        assertThat(pruning.nextExecution(context)).isEqualTo(last.plus(Duration.ofMinutes(30)));
        random.set(0.5);
        assertThat(pruning.nextExecution(context)).isEqualTo(last.plus(Duration.ofMinutes(60)));
        random.set(0.75);
        assertThat(pruning.nextExecution(context)).isEqualTo(last.plus(Duration.ofMinutes(75)));
    }

    @Test
    void batchesRepeatUntilOneIsNotFull() {
        List<Integer> limits = new ArrayList<>();
        Pruner pruner = new Pruner(List.of(prunable((from, limit) -> {
            limits.add(limit);
            return Collections.nCopies((limits.size() < 3) ? limit : limit - 1, 0L);
        })), new PruningProperties(0, Duration.ofHours(1), 7));
        pruner.prune();
        assertThat(limits).containsExactly(7, 7, 7);
    }

    @Test
    void eachBatchResumesWhereThePreviousOneEnded() {
        List<Long> starts = new ArrayList<>();
        Pruner pruner = new Pruner(List.of(prunable((from, limit) -> {
            starts.add(from);
            return switch (starts.size()) {
                case 1, 5 -> List.of(30L, 20L);
                case 2 -> List.of(50L, 40L);
                default -> List.of();
            };
        })), new PruningProperties(0, Duration.ofHours(1), 2));
        pruner.resume();
        assertThat(starts).containsExactly(Long.MIN_VALUE, 30L, 50L);
        pruner.resume();
        assertThat(starts.getLast()).isEqualTo(50);
        pruner.prune();
        assertThat(starts.subList(4, 6)).containsExactly(Long.MIN_VALUE, 30L);
        pruner.resume();
        assertThat(starts.getLast()).isEqualTo(50);
    }

    @Test
    void failureOfOneCacheAffectsNeitherTheNextNorTheNextRun() {
        List<String> pruned = new ArrayList<>();
        Pruner pruner = new Pruner(List.of(prunable((from, limit) -> {
            pruned.add("away");
            throw new DataAccessResourceFailureException("away");
        }), prunable((from, limit) -> {
            pruned.add("locked");
            throw new CannotAcquireLockException("met another");
        }), prunable((from, limit) -> {
            pruned.add("well");
            return List.of();
        })), DEFAULTS);
        pruner.prune();
        pruner.prune();
        assertThat(String.join(" ", pruned)).matches("away( locked)+ well away( locked)+ well");
    }

    @Test
    void pruneThatMeetsALockIsNoSuccess() throws InterruptedException {
        AtomicBoolean locked = new AtomicBoolean(true);
        Pruner pruner = new Pruner(List.of(prunable((from, limit) -> {
            if (locked.get()) {
                throw new CannotAcquireLockException("held by a forgotten session");
            }
            return List.of();
        })), DEFAULTS);
        SimpleMeterRegistry metrics = new SimpleMeterRegistry();
        pruner.bindTo(metrics);
        Gauge lastSuccess = metrics.get("dejavu.prune.last.success.timestamp").gauge();
        double start = lastSuccess.value();
        Thread.sleep(5);
        pruner.prune();
        assertThat(lastSuccess.value()).isEqualTo(start);
        locked.set(false);
        pruner.prune();
        assertThat(lastSuccess.value()).isGreaterThan(start);
    }

    @Test
    void secondPruneMeanwhileDoesNothing() {
        List<Boolean> busy = new ArrayList<>();
        Pruner[] pruner = new Pruner[1];
        pruner[0] = new Pruner(List.of(prunable((from, limit) -> {
            busy.add(pruner[0].isBusy());
            pruner[0].prune();
            return List.of();
        })), DEFAULTS);
        pruner[0].prune();
        assertThat(busy).containsExactly(true);
        assertThat(pruner[0].isBusy()).isFalse();
    }

    @Test
    void settingsOutOfRangeAreRejectedByName() {
        assertRejected("dejavu.pruning.probability", () -> new PruningProperties(1.1, Duration.ofHours(1), 1));
        assertRejected("dejavu.pruning.probability", () -> new PruningProperties(-0.1, Duration.ofHours(1), 1));
        assertRejected("dejavu.pruning.probability", () -> new PruningProperties(Double.NaN, Duration.ofHours(1), 1));
        assertRejected("dejavu.pruning.interval", () -> new PruningProperties(0, Duration.ZERO, 1));
        assertRejected("dejavu.pruning.interval", () -> new PruningProperties(0, Duration.ofDays(366), 1));
        assertRejected("dejavu.pruning.batch-size", () -> new PruningProperties(0, Duration.ofHours(1), 0));
        assertRejected("dejavu.pruning.batch-size", () -> new PruningProperties(0, Duration.ofHours(1), 100_001));
    }

    private static void assertRejected(String setting, Runnable start) {
        assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class).isThrownBy(start::run)
            .matches((ex) -> ex.getName().equals(setting));
    }

    private static Prunable prunable(BiFunction<Long, Integer, List<Long>> statement) {
        return new Prunable() {

            @Override
            public String name() {
                return "test";
            }

            @Override
            public List<Long> pruneExpired(long from, int limit) {
                return statement.apply(from, limit);
            }

        };
    }

}
