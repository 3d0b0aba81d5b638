package dev.dejavu.pruning;

import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

import org.springframework.core.task.TaskRejectedException;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheObserver;
import dev.dejavu.cache.Lookup;

/**
 * Prunes after a share of the single reads, in the background, at most once per second.
 */
@Component
class ProbabilisticPruning implements CacheObserver {

    private static final long MIN_INTERVAL = Duration.ofSeconds(1).toMillis();

    private final Pruner pruner;

    private final double probability;

    private final ThreadPoolTaskScheduler scheduler;

    private final RandomGenerator random;

    private final Clock clock;

    private final AtomicLong last = new AtomicLong();

    ProbabilisticPruning(Pruner pruner, PruningProperties properties, ThreadPoolTaskScheduler scheduler,
            RandomGenerator random, Clock clock) {
        this.pruner = pruner;
        this.probability = properties.probability();
        this.scheduler = scheduler;
        this.random = random;
        this.clock = clock;
    }

    @Override
    public void onLookup(Lookup lookup) {
        if (lookup.size() == 1 && random.nextDouble() < probability && isTime() && !pruner.isBusy()) {
            try {
                scheduler.execute(pruner::resume);
            }
            catch (TaskRejectedException ex) {
                // on the way down: the next instance will prune
            }
        }
    }

    private boolean isTime() {
        long now = clock.millis();
        long before = last.get();
        // In either direction: clocks are set back, too.
        return Math.abs(now - before) >= MIN_INTERVAL && last.compareAndSet(before, now);
    }

}
