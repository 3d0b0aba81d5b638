package dev.dejavu.testing;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;

import org.awaitility.Awaitility;

import dev.dejavu.commit.GroupCommit;

/**
 * Lets writes share a commit: they arrive while another one is carried out.
 */
public final class OneCommit {

    private OneCommit() {
    }

    /** Writes, and returns when all have an answer. */
    public static void of(GroupCommit commit, List<? extends Runnable> writes) throws InterruptedException {
        of(commit, () -> 0, writes);
    }

    /** As {@link #of(GroupCommit, List)}, during a write of the caller's. */
    public static void of(GroupCommit commit, Supplier<Integer> another, List<? extends Runnable> writes)
            throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch arrived = new CountDownLatch(1);
        Thread first = Thread.startVirtualThread(() -> commit.write("first", () -> {
            started.countDown();
            await(arrived);
            return another.get();
        }));
        started.await();
        int waiting = commit.waiting();
        List<Thread> writers = writes.stream().map(Thread::startVirtualThread).toList();
        // They may not wait for long.
        Awaitility.await()
            .pollDelay(Duration.ZERO)
            .pollInterval(Duration.ofMillis(5))
            .until(() -> commit.waiting() >= waiting + writes.size()
                    && writers.stream().allMatch((writer) -> writer.getState() == Thread.State.WAITING));
        arrived.countDown();
        first.join();
        for (Thread writer : writers) {
            writer.join();
        }
    }

    /** Waits, as a statement may. */
    public static void await(CountDownLatch latch) {
        try {
            latch.await();
        }
        catch (InterruptedException ex) {
            throw new IllegalStateException(ex);
        }
    }

}
