package dev.dejavu.cache;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;

import org.springframework.dao.DataAccessException;
import org.springframework.dao.TransientDataAccessException;

/**
 * Executes a statement over many rows in batches, each of which has as many rows as it
 * takes a few tens of milliseconds for, with a rest after it, so that others get their
 * turn. A batch that takes too long is tried again with fewer rows.
 */
public final class BatchLoop {

    private static final long TARGET = Duration.ofMillis(30).toNanos();

    private static final long MAX_REST = Duration.ofSeconds(1).toNanos();

    private static final Duration RETRY_DELAY = Duration.ofMillis(100);

    private static final int FIRST = 100;

    /** What a batch has at least, unless it fails: a busy queue also takes time. */
    private static final int ENOUGH = 20;

    private final int maxRows;

    private final int rest;

    private int rows;

    private boolean isOver;

    private final LongSupplier nanoTime;

    /** When the last batch ended, and how long it took. */
    private long ended;

    private long took;

    private volatile Duration patience = Duration.ZERO;

    /**
     * A loop.
     * @param maxRows of a batch
     * @param rest how many times as long as a batch took the rest after it lasts
     */
    public BatchLoop(int maxRows, int rest) {
        this(maxRows, rest, System::nanoTime);
    }

    BatchLoop(int maxRows, int rest, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.ended = nanoTime.getAsLong();
        this.maxRows = maxRows;
        this.rest = rest;
        this.rows = Math.min(FIRST, maxRows);
    }

    /** Sets for how long a batch may fail for any reason before the loop gives up. */
    void setPatience(Duration patience) {
        this.patience = patience;
    }

    /** Whether the last batch was not full. */
    public boolean isOver() {
        return isOver;
    }

    /**
     * Rests and executes the next batch.
     * @param batch takes how many rows it may have, and returns some value for each that
     * it had; fewer end the loop
     * @throws DataAccessException when it failed, also with a single row
     */
    public <T> List<T> next(IntFunction<List<T>> batch) {
        LockSupport.parkNanos(Math.min(rest * took, MAX_REST));
        while (true) {
            long begin = nanoTime.getAsLong();
            try {
                List<T> batched = batch.apply(rows);
                isOver = batched.size() < rows;
                finish(begin);
                return batched;
            }
            catch (DataAccessException ex) {
                boolean canShrink = ex instanceof TransientDataAccessException && rows > 1;
                boolean isInTime = nanoTime.getAsLong() - ended < patience.toNanos();
                if (Thread.currentThread().isInterrupted() || !(canShrink || isInTime)) {
                    throw ex;
                }
                rows = Math.max(1, rows / 4);
                LockSupport.parkNanos(RETRY_DELAY.toNanos());
            }
        }
    }

    private void finish(long begin) {
        ended = nanoTime.getAsLong();
        took = ended - begin;
        long fitting = rows * TARGET / Math.max(took, 1);
        rows = (int) Math.clamp(fitting, Math.min(rows, ENOUGH), 2L * rows);
        rows = Math.min(rows, maxRows);
    }

}
