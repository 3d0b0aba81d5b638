package dev.dejavu.storage;

import java.time.Duration;
import java.util.function.BooleanSupplier;

import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;

/**
 * Does something before the web server starts, and again and again until the service
 * stops: after an interval, or sooner when it failed.
 */
final class RepeatedTask implements SmartLifecycle {

    private final String name;

    private final int phase;

    private final BooleanSupplier task;

    private final Duration interval;

    private final Duration retryDelay;

    private volatile @Nullable Thread thread;

    /**
     * A task.
     * @param name of its thread
     * @param phase of its start: 0 with the group commit, or 1 after it
     * @param task returns whether it succeeded
     */
    RepeatedTask(String name, int phase, BooleanSupplier task, Duration interval, Duration retryDelay) {
        this.name = name;
        this.phase = phase;
        this.task = task;
        this.interval = interval;
        this.retryDelay = retryDelay;
    }

    @Override
    public void start() {
        boolean succeeded = task.getAsBoolean();
        thread = Thread.ofVirtual().name(name).start(() -> run(succeeded));
    }

    private void run(boolean first) {
        boolean succeeded = first;
        try {
            while (true) {
                Thread.sleep(succeeded ? interval : retryDelay);
                succeeded = task.getAsBoolean();
            }
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void stop() {
        Thread running = thread;
        thread = null;
        if (running != null) {
            running.interrupt();
        }
    }

    @Override
    public boolean isRunning() {
        return thread != null;
    }

    @Override
    public int getPhase() {
        return phase;
    }

}
