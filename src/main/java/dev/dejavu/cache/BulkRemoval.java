package dev.dejavu.cache;

import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.QueryTimeoutException;

/**
 * Removes many entries on a thread of its own, in the background once its caller has
 * waited long enough. Goes once through all keys, so that no row that was there at the
 * start is left, although others remove at the same time. If it breaks off, whoever
 * repeats it removes the rest.
 *
 * @param <E> the entry
 */
final class BulkRemoval<E extends CacheEntry> {

    private static final Logger log = LoggerFactory.getLogger(BulkRemoval.class);

    private static final int MAX_ROWS = 1000;

    /** How long it waits in the background for a database that does not answer. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(2);

    private final CacheRepository<E> repository;

    private final Selection selection;

    /** Held during each batch and its rest: removals together take the time of one. */
    private final Lock turn;

    private final BatchLoop loop = new BatchLoop(MAX_ROWS, 1);

    private final long begin = System.nanoTime();

    private final AtomicInteger rows = new AtomicInteger();

    private final CompletableFuture<Removed> end = new CompletableFuture<>();

    /**
     * Whether it is settled who tells of its end: its caller, or else the background.
     */
    private final AtomicBoolean settled = new AtomicBoolean();

    private final Thread thread;

    private volatile @Nullable RuntimeException failure;

    /**
     * Starts it.
     * @param lateEnd is told of its end, if its caller waits for that no more
     */
    BulkRemoval(CacheRepository<E> repository, Selection selection, Lock turn, Consumer<Removed> lateEnd) {
        this.repository = repository;
        this.selection = selection;
        this.turn = turn;
        this.thread = Thread.ofVirtual().name("removal").start(() -> run(lateEnd));
    }

    /**
     * Waits for its end.
     * @return how far it has come, if it takes longer
     */
    Removed await(Duration duration) {
        try {
            return end.get(duration.toNanos(), TimeUnit.NANOSECONDS);
        }
        catch (TimeoutException ex) {
            // goes on in the background
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
        catch (ExecutionException ex) {
            throw new IllegalStateException(ex);
        }
        if (settled.compareAndSet(false, true)) {
            loop.setPatience(PATIENCE);
            return progress(Removed.State.RUNNING);
        }
        return end.join();
    }

    /** Why it broke off. */
    @Nullable RuntimeException failure() {
        return failure;
    }

    boolean isOver() {
        return !thread.isAlive();
    }

    /** Breaks it off. */
    void interrupt() {
        thread.interrupt();
    }

    /** Waits a moment until its end was told. */
    void join() {
        try {
            thread.join(STOP_TIMEOUT);
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    private void run(Consumer<Removed> lateEnd) {
        try {
            if (!removeAll()) {
                failure = new QueryTimeoutException("The service stopped before all was removed.");
            }
        }
        catch (RuntimeException ex) {
            failure = ex;
        }
        boolean isLate = !settled.compareAndSet(false, true);
        Removed removed = progress((failure != null) ? Removed.State.BROKEN_OFF : Removed.State.DONE);
        end.complete(removed);
        if (isLate) {
            if (failure != null) {
                log.warn("A removal broke off after {} entries: {}", removed.rows(), failure.toString());
            }
            lateEnd.accept(removed);
        }
    }

    private Removed progress(Removed.State state) {
        return new Removed(selection, rows.get(), Duration.ofNanos(System.nanoTime() - begin), state);
    }

    /**
     * Removes all that is selected.
     * @return whether nobody interrupted that
     */
    private boolean removeAll() {
        OptionalInt truncated = selection.isAll() ? repository.truncate() : OptionalInt.empty();
        if (truncated.isPresent()) {
            rows.set(truncated.getAsInt());
            return true;
        }
        CacheKey after = new CacheKey("");
        while (!loop.isOver() && !Thread.currentThread().isInterrupted()) {
            List<CacheKey> keys = removeSome(after);
            rows.addAndGet(keys.size());
            after = keys.isEmpty() ? after : keys.getLast();
        }
        return loop.isOver();
    }

    private List<CacheKey> removeSome(CacheKey after) {
        turn.lock();
        try {
            return loop.next((limit) -> repository.removeSome(selection, after, limit));
        }
        finally {
            turn.unlock();
        }
    }

}
