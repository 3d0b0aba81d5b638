package dev.dejavu.testing;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;

import dev.dejavu.commit.GroupCommit;

import static org.awaitility.Awaitility.await;

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
            awaitQuietly(arrived);
            return another.get();
        }));
        started.await();
        int waiting = commit.waiting();
        List<Thread> writers = writes.stream().map(Thread::startVirtualThread).toList();
        // They may not wait for long.
        await().pollDelay(Duration.ZERO)
            .pollInterval(Duration.ofMillis(5))
            .until(() -> commit.waiting() >= waiting + writes.size()
                    && writers.stream().allMatch((writer) -> writer.getState() == Thread.State.WAITING));
        arrived.countDown();
        first.join();
        for (Thread writer : writers) {
            writer.join();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        }
        catch (InterruptedException ex) {
            throw new IllegalStateException(ex);
        }
    }

}
