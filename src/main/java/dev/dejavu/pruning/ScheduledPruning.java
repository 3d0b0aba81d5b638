package dev.dejavu.pruning;

import java.time.Instant;
import java.util.random.RandomGenerator;

import org.springframework.context.ApplicationListener;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.scheduling.Trigger;
import org.springframework.scheduling.TriggerContext;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.SchedulingConfigurer;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.scheduling.config.ScheduledTaskRegistrar;
import org.springframework.stereotype.Component;

/**
 * Prunes on a schedule. Each wait lasts half to one and a half times the interval, at
 * random, so that instances that started together soon prune apart.
 */
@Component
@EnableScheduling
class ScheduledPruning implements SchedulingConfigurer, Trigger, ApplicationListener<ContextClosedEvent> {

    private final Pruner pruner;

    private final PruningProperties properties;

    private final ThreadPoolTaskScheduler scheduler;

    private final RandomGenerator random;

    ScheduledPruning(Pruner pruner, PruningProperties properties, ThreadPoolTaskScheduler scheduler,
            RandomGenerator random) {
        this.pruner = pruner;
        this.properties = properties;
        this.scheduler = scheduler;
        this.random = random;
    }

    @Override
    public void configureTasks(ScheduledTaskRegistrar registrar) {
        registrar.setTaskScheduler(scheduler);
        registrar.addTriggerTask(pruner::prune, this);
    }

    @Override
    public Instant nextExecution(TriggerContext context) {
        Instant last = context.lastCompletion();
        long pause = (long) (properties.interval().toMillis() * (0.5 + random.nextDouble()));
        return ((last != null) ? last : context.getClock().instant()).plusMillis(pause);
    }

    /** A long prune ends after its batch: Spring would wait half a minute for it. */
    @Override
    public void onApplicationEvent(ContextClosedEvent event) {
        scheduler.getScheduledExecutor().shutdownNow();
    }

}
