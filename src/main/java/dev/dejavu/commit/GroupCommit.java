package dev.dejavu.commit;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.QueryTimeoutException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionOperations;

/**
 * Executes in one transaction all writes that arrived during the last commit: a disk that
 * takes a millisecond to make one write durable takes no longer for fifty.
 */
@Component
public class GroupCommit implements SmartLifecycle {

    private static final int MAX_BATCH = 256;

    /** How many writes one statement executes at most. */
    private static final int MAX_JOINED = 64;

    /** For fewer a joint statement, with what it needs around it, is no gain. */
    private static final int MIN_JOINED = 4;

    /** After so long a transaction takes in no more writes. */
    private static final long MAX_DURATION = Duration.ofMillis(100).toNanos();

    /**
     * How often waiting writes are expired: a timer for each would cost more than the
     * write.
     */
    private static final Duration TICK = Duration.ofMillis(100);

    private final TransactionOperations transaction;

    private final BlockingQueue<PendingWrite<?, ?>> queue = new LinkedBlockingQueue<>();

    private final Set<PendingWrite<?, ?>> writers = ConcurrentHashMap.newKeySet();

    private volatile @Nullable Thread committer;

    public GroupCommit(TransactionOperations transaction) {
        this.transaction = transaction;
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
                writes = commit(writes, true);
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

    /**
     * Commits writes together.
     * @param join whether one statement may execute many
     * @return the writes for which there was no time
     */
    private List<PendingWrite<?, ?>> commit(List<PendingWrite<?, ?>> writes, boolean join) {
        // In one order everywhere, so that instances cannot deadlock.
        writes.sort(Comparator.comparing(PendingWrite::key));
        Deque<PendingWrite<?, ?>> waiting = new ArrayDeque<>(writes);
        List<PendingWrite<?, ?>> taken = new ArrayList<>();
        try {
            transaction.executeWithoutResult((status) -> run(waiting, taken, join));
            taken.forEach(PendingWrite::committed);
        }
        // Whatever it is, the writers that wait must get an answer.
        catch (Throwable ex) {
            if (isUnavailable(ex)) {
                // Fail those that queued meanwhile too: they would wait as long for the
                // same
                // error.
                queue.drainTo(waiting);
                claimAll(taken, waiting, (write) -> true);
            }
            else if (!taken.isEmpty() && !taken.getLast().isExecuted()) {
                return commitWithoutLast(taken, waiting, ex, join);
            }
            commitAlone(taken, ex);
        }
        return new ArrayList<>(waiting);
    }

    /**
     * Commits anew what was executed before the statement that failed. Where that was one
     * of many writes, all are carried out singly, to see which of them fails.
     * @return the writes for which there was no time
     */
    private List<PendingWrite<?, ?>> commitWithoutLast(List<PendingWrite<?, ?>> taken,
            Deque<PendingWrite<?, ?>> waiting, Throwable failure, boolean join) {
        if (taken.getLast().isJoined()) {
            taken.forEach(PendingWrite::giveBack);
            taken.addAll(waiting);
            return commit(taken, false);
        }
        PendingWrite<?, ?> failed = taken.removeLast();
        boolean waited = failed.hasWaited();
        boolean shared = !taken.isEmpty();
        taken.forEach(PendingWrite::giveBack);
        List<PendingWrite<?, ?>> left = shared ? commit(taken, join) : new ArrayList<>();
        if (waited) {
            // A write to the same key would wait for the same lock, so it fails too.
            List<PendingWrite<?, ?>> same = new ArrayList<>();
            claimAll(same, waiting, (write) -> write.key().equals(failed.key()));
            same.forEach((write) -> write.failed(failure(failure)));
        }
        if (shared && left.isEmpty() && !waited) {
            // It may have met what is over, such as a full disk.
            commitAlone(List.of(failed), failure);
        }
        else {
            failed.failed(failure(failure));
        }
        left.addAll(waiting);
        return left;
    }

    private static void run(Deque<PendingWrite<?, ?>> waiting, List<PendingWrite<?, ?>> taken, boolean join) {
        long begin = System.nanoTime();
        while (!waiting.isEmpty() && System.nanoTime() - begin < MAX_DURATION) {
            if (waiting.element().isAlone() && !taken.isEmpty()) {
                break;
            }
            PendingWrite<?, ?> write = waiting.remove();
            if (write.claim()) {
                List<PendingWrite<?, ?>> statement = join ? joined(write, waiting) : List.of(write);
                taken.addAll(statement);
                PendingWrite.run(statement);
                if (write.isAlone()) {
                    break;
                }
            }
        }
        checkAge(taken);
    }

    /**
     * A write and those after it that one statement executes with it, all claimed. Their
     * number is a power of two, so that there are few statements to prepare, unless some
     * expire just then.
     */
    private static List<PendingWrite<?, ?>> joined(PendingWrite<?, ?> write, Deque<PendingWrite<?, ?>> waiting) {
        int able = 1;
        PendingWrite<?, ?> last = write;
        for (PendingWrite<?, ?> next : waiting) {
            if (able == MAX_JOINED || !next.joins(last)) {
                break;
            }
            able++;
            last = next;
        }
        List<PendingWrite<?, ?>> joined = new ArrayList<>(List.of(write));
        if (able >= MIN_JOINED) {
            for (int left = Integer.highestOneBit(able) - 1; left > 0; left--) {
                PendingWrite<?, ?> next = waiting.remove();
                if (next.claim()) {
                    joined.add(next);
                }
            }
        }
        return joined;
    }

    /** Before the commit: rolls back what its caller will not wait for. */
    private static void checkAge(List<PendingWrite<?, ?>> taken) {
        if (taken.stream().anyMatch(PendingWrite::isTooOldToCommit)) {
            throw new QueryTimeoutException("The statements took too long to commit them in time");
        }
    }

    private static void claimAll(List<PendingWrite<?, ?>> taken, Deque<PendingWrite<?, ?>> waiting,
            Predicate<PendingWrite<?, ?>> which) {
        waiting.stream().filter(which).filter(PendingWrite::claim).forEach(taken::add);
        waiting.removeIf(which);
    }

    /** Tries each write alone, while the database answers and there is time. */
    private void commitAlone(List<PendingWrite<?, ?>> writes, Throwable together) {
        Throwable failure = together;
        for (PendingWrite<?, ?> write : writes) {
            if (!isUnavailable(failure) && !write.isTimedOut()) {
                try {
                    transaction.executeWithoutResult((status) -> {
                        write.run();
                        checkAge(List.of(write));
                    });
                    write.committed();
                    continue;
                }
                catch (Throwable ex) {
                    failure = ex;
                }
            }
            write.failed(failure(failure));
        }
    }

    private static boolean isUnavailable(Throwable failure) {
        return failure instanceof TransactionException || failure instanceof DataAccessResourceFailureException;
    }

    private static Throwable failure(Throwable cause) {
        return (cause instanceof TransactionException)
                ? new DataAccessResourceFailureException("The transaction could not begin or end", cause) : cause;
    }

}
