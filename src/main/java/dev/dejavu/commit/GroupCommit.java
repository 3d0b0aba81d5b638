package dev.dejavu.commit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.QueryTimeoutException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionOperations;

/**
 * Executes in one transaction all writes that arrived during the last commit: a disk that
 * takes a millisecond to make one write durable takes no longer for fifty.
 */
@Component
public class GroupCommit implements SmartLifecycle {

    private static final int MAX_BATCH = 256;

    /**
     * How often waiting writes are expired: a timer for each would cost more than the
     * write.
     */
    private static final Duration TICK = Duration.ofMillis(100);

    private final GroupTransaction transaction;

    private final BlockingQueue<PendingWrite<?, ?>> queue = new LinkedBlockingQueue<>();

    private final Set<PendingWrite<?, ?>> writers = ConcurrentHashMap.newKeySet();

    private volatile @Nullable Thread committer;

    public GroupCommit(TransactionOperations transaction) {
        this.transaction = new GroupTransaction(transaction, queue);
    }

    /**
     * Executes a statement and returns when it is committed.
     * @param key what it writes to
     * @throws DataAccessException when it was not, or may not have been
     */
    public <T> T write(String key, Supplier<T> statement) {
        return write(new PendingWrite<>(key, statement, false));
    }

    /**
     * As {@link #write(String, Supplier)}, by a statement that can execute many writes:
     * those of other keys that have arrived, if there are.
     * @param statement one object for all writes that it executes together; returns the
     * results in the order of the items
     */
    public <I, T> T write(String key, I item, Function<List<I>, List<T>> statement) {
        return write(new PendingWrite<>(key, item, statement));
    }

    /**
     * Executes a statement that writes to many keys, as {@link #write} does, in a
     * transaction of its own: it locks in another order than others.
     * @param name of what it writes to
     */
    public <T> T writeAlone(String name, Supplier<T> statement) {
        // Before all keys, so that it has its turn at once.
        return write(new PendingWrite<>(" " + name, statement, true));
    }

    private <T> T write(PendingWrite<?, T> write) {
        writers.add(write);
        try {
            if (!isRunning()) {
                throw new QueryTimeoutException("The service is starting or shutting down.");
            }
            queue.add(write);
            return write.await();
        }
        finally {
            writers.remove(write);
        }
    }

    /** How many writes wait for their commit. */
    public int waiting() {
        return writers.size();
    }

    /** A platform thread: SQLite's native code would pin a carrier. */
    @Override
    public void start() {
        Thread thread = Thread.ofPlatform().daemon().name("commit").unstarted(this::run);
        committer = thread;
        thread.start();
        Thread.ofPlatform().daemon().name("commit-timeout").start(() -> expireWaiting(thread));
    }

    @Override
    public void stop() {
        Thread running = committer;
        committer = null;
        if (running != null) {
            running.interrupt();
        }
    }

    @Override
    public boolean isRunning() {
        return committer != null;
    }

    /** Begins before the web server and ends after it. */
    @Override
    public int getPhase() {
        return 0;
    }

    private void run() {
        List<PendingWrite<?, ?>> writes = new ArrayList<>();
        while (committer == Thread.currentThread()) {
            try {
                if (writes.isEmpty()) {
                    writes.add(queue.take());
                }
                queue.drainTo(writes, MAX_BATCH - writes.size());
                writes = transaction.commit(writes);
            }
            catch (InterruptedException ex) {
                // to see whether the service stops
            }
        }
    }

    /** Until the committer has stopped and no writer waits for it. */
    private void expireWaiting(Thread running) {
        while (committer == running || writers.iterator().hasNext()) {
            writers.forEach(PendingWrite::expire);
            LockSupport.parkNanos(TICK.toNanos());
        }
    }

}
