package dev.dejavu.commit;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionOperations;

/**
 * Carries out in one transaction whatever has come while the last one was committed: a
 * disk that takes a millisecond to make one write durable takes no longer for fifty.
 */
@Component
class GroupCommit implements SmartLifecycle {

    private static final int LARGEST = 256;

    /** Then a transaction takes in no more, and the rest waits for the next. */
    private static final long LONGEST = Duration.ofMillis(100).toNanos();

    private final TransactionOperations transaction;

    private final BlockingQueue<Write<?>> queue = new LinkedBlockingQueue<>();

    private volatile @Nullable Thread committer;

    GroupCommit(TransactionOperations transaction) {
        this.transaction = transaction;
    }

    /**
     * Carries a statement out and returns when it is committed.
     * @param key what it writes to
     * @throws DataAccessException when it was not, or nobody knows whether it was
     */
    <T> T write(String key, Supplier<T> statement) {
        Write<T> write = new Write<>(key, statement);
        queue.add(write);
        return write.await();
    }

    /** A platform thread: SQLite's native code would pin a carrier. */
    @Override
    public void start() {
        Thread thread = Thread.ofPlatform().daemon().name("commit").unstarted(this::run);
        committer = thread;
        thread.start();
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
        List<Write<?>> writes = new ArrayList<>();
        while (committer == Thread.currentThread()) {
            try {
                if (writes.isEmpty()) {
                    writes.add(queue.take());
                }
                queue.drainTo(writes, LARGEST - writes.size());
                writes = commit(writes);
            }
            catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Commits writes together, or, when a database that answers refuses one of them, each
     * alone.
     * @return those for which there was no time
     */
    private List<Write<?>> commit(List<Write<?>> writes) {
        // In one order everywhere, so that instances never wait for each other in a ring.
        writes.sort(Comparator.comparing(Write::key));
        Deque<Write<?>> waiting = new ArrayDeque<>(writes);
        List<Write<?>> taken = new ArrayList<>();
        try {
            transaction.executeWithoutResult((status) -> run(waiting, taken));
            taken.forEach(Write::committed);
        }
        catch (TransactionException | DataAccessResourceFailureException ex) {
            // Nobody who has come meanwhile should wait as long for the same.
            queue.drainTo(waiting);
            waiting.stream().filter(Write::take).forEach(taken::add);
            waiting.clear();
            fail(taken, ex);
        }
        catch (RuntimeException ex) {
            // The last one did it. The others did nothing wrong, and those behind it
            // wait.
            fail(List.of(taken.removeLast()), ex);
            taken.forEach(this::commitAlone);
        }
        return new ArrayList<>(waiting);
    }

    private static void run(Deque<Write<?>> waiting, List<Write<?>> taken) {
        long begin = System.nanoTime();
        while (!waiting.isEmpty() && System.nanoTime() - begin < LONGEST) {
            Write<?> write = waiting.remove();
            if (write.take()) {
                taken.add(write);
                write.run();
            }
        }
    }

    private void commitAlone(Write<?> write) {
        try {
            transaction.executeWithoutResult((status) -> write.run());
            write.committed();
        }
        catch (RuntimeException ex) {
            fail(List.of(write), ex);
        }
    }

    private static void fail(List<Write<?>> writes, RuntimeException cause) {
        RuntimeException failure = (cause instanceof TransactionException)
                ? new DataAccessResourceFailureException("The transaction could not begin or end", cause) : cause;
        writes.forEach((write) -> write.failed(failure));
    }

}
