package dev.dejavu.pruning;

import java.util.random.RandomGenerator;

import org.springframework.core.task.TaskRejectedException;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheObserver;

/**
 * Prunes after a share of the single reads, behind the reader's back.
 */
@Component
class OccasionalPruning implements CacheObserver {

    private final Pruner pruner;

    private final double probability;

    private final ThreadPoolTaskScheduler scheduler;

    private final RandomGenerator random;

    OccasionalPruning(Pruner pruner, PruningProperties properties, ThreadPoolTaskScheduler scheduler,
            RandomGenerator random) {
        this.pruner = pruner;
        this.probability = properties.probability();
        this.scheduler = scheduler;
        this.random = random;
    }

    @Override
    public void found(String cache, boolean hit) {
        if (random.nextDouble() < probability && !pruner.isBusy()) {
            try {
                scheduler.execute(pruner::prune);
            }
            catch (TaskRejectedException ex) {
                // on the way down: the next instance will prune
            }
        }
    }

}
