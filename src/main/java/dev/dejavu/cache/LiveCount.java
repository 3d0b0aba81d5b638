package dev.dejavu.cache;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.QueryTimeoutException;
import org.springframework.dao.TransientDataAccessException;

/**
 * How many entries of the base are live, counted in slices on one thread, whoever asks. A
 * table of one slice is counted for each question. The count of a larger one is kept for
 * sixty times as long as it took; who asks meanwhile gets that.
 */
final class LiveCount {

    /** Less than the 2 s that a request may wait. */
    static final Duration PATIENCE = Duration.ofMillis(1800);

    private static final int SLICE = 10_000;

    private static final int MIN_SLICE = 100;

    private static final int KEPT = 60;

    private final CacheTable<?> table;

    private final boolean byParts;

    /** A platform thread: SQLite's native code would pin a carrier. */
    private final ThreadPoolExecutor executor;

    private volatile @Nullable Result last;

    /**
     * A count.
     * @param byParts whether {@link #get} can tell apart entries by their parts
     */
    LiveCount(CacheTable<?> table, boolean byParts) {
        this.table = table;
        this.byParts = byParts;
        this.executor = new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
                Thread.ofPlatform().daemon().name("count-" + table.name()).factory());
        executor.allowCoreThreadTimeOut(true);
    }

    /**
     * The number of live entries.
     * @param which of them, where they are counted by their parts
     * @param asked as {@link System#nanoTime}: a count that began later is new
     * @param patience how long to wait for a new count
     * @throws DataAccessException when the database does not answer
     */
    Count get(Predicate<KeyParts> which, long asked, Duration patience) {
        Future<Result> counting = executor.submit(() -> count(asked));
        @Nullable Result result;
        try {
            result = counting.get(patience.toNanos(), TimeUnit.NANOSECONDS);
        }
        catch (TimeoutException ex) {
            result = last;
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            result = last;
        }
        catch (ExecutionException ex) {
            throw (ex.getCause() instanceof RuntimeException cause) ? cause : new IllegalStateException(ex);
        }
        if (result == null) {
            return new Count(null, null);
        }
        long entries = result.entries.entrySet()
            .stream()
            .filter((counted) -> !byParts || which.test(counted.getKey()))
            .mapToLong(Map.Entry::getValue)
            .sum();
        return new Count(entries, result.at);
    }

    /** Counts anew for the next question. */
    void forget() {
        last = null;
    }

    void stop() {
        executor.shutdownNow();
    }

    private Result count(long asked) {
        Result kept = last;
        if (kept != null && (kept.begin - asked >= 0 || kept.isGood())) {
            return kept;
        }
        Instant at = table.timeToLive().now();
        long begin = System.nanoTime();
        Map<CountedRows.Parts, Long> entries = new HashMap<>();
        boolean isLarge = false;
        Cursor after = null;
        do {
            long beginOfSlice = System.nanoTime();
            CountedRows rows = countSome(after);
            rows.entries().forEach((parts, number) -> entries.merge(parts, number, Long::sum));
            after = rows.next();
            if (after != null) {
                isLarge = true;
                LockSupport.parkNanos(System.nanoTime() - beginOfSlice);
            }
        }
        while (after != null);
        Result result = new Result(Map.copyOf(entries), at, begin, System.nanoTime(), isLarge);
        last = result;
        return result;
    }

    /** Counts a slice; a smaller one where a statement has too little time for that. */
    private CountedRows countSome(@Nullable Cursor after) {
        for (int rows = SLICE;; rows /= 4) {
            if (Thread.currentThread().isInterrupted()) {
                throw new QueryTimeoutException("The service stops.");
            }
            try {
                return table.countSome(after, rows, byParts);
            }
            catch (TransientDataAccessException ex) {
                if (rows <= MIN_SLICE) {
                    throw ex;
                }
            }
        }
    }

    /**
     * A count.
     *
     * @param begin and end as {@link System#nanoTime}
     */
    private record Result(Map<CountedRows.Parts, Long> entries, Instant at, long begin, long end, boolean isLarge) {

        /** Whether it is kept. */
        boolean isGood() {
            return isLarge && System.nanoTime() - end < KEPT * (end - begin);
        }

    }

}
