package dev.dejavu.pruning;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToLongFunction;

import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.ConcurrencyFailureException;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;

import dev.dejavu.cache.BatchLoop;
import dev.dejavu.cache.Prunable;

/**
 * Deletes expired rows in all caches, one prune at a time in this process; a second one
 * returns at once. A prune that fails does no harm, as expired entries are never served:
 * the next one goes on with its work.
 */
@Component
class Pruner implements MeterBinder {

    private static final Logger log = LoggerFactory.getLogger(Pruner.class);

    /**
     * How many times as long as it works it rests, which leaves readers and writers most
     * of the database.
     */
    private static final int REST = 4;

    private static final long FROM_OLDEST = Long.MIN_VALUE;

    private final List<Prunable> prunables;

    private final int batchSize;

    private final AtomicBoolean busy = new AtomicBoolean();

    /**
     * When the last row that was deleted had been created. Until a vacuum PostgreSQL
     * keeps dead rows in its index, and a search from the oldest row goes through all of
     * them.
     */
    private final Map<Prunable, Long> resumeFrom = new ConcurrentHashMap<>();

    private final LongAdder prunes = new LongAdder();

    private final LongAdder nanos = new LongAdder();

    /** Epoch milliseconds; at first, of the start. */
    private volatile long lastSuccess = System.currentTimeMillis();

    Pruner(List<Prunable> prunables, PruningProperties properties) {
        this.prunables = prunables;
        this.batchSize = properties.batchSize();
    }

    /** Starts with the oldest row. */
    void prune() {
        pruneFrom((prunable) -> FROM_OLDEST);
    }

    /**
     * Goes on where the last prune ended. Rows that came since then with an older date
     * are left to {@link #prune()}.
     */
    void resume() {
        pruneFrom((prunable) -> resumeFrom.getOrDefault(prunable, FROM_OLDEST));
    }

    private void pruneFrom(ToLongFunction<Prunable> start) {
        if (busy.compareAndSet(false, true)) {
            long begin = System.nanoTime();
            try {
                boolean succeeded = true;
                for (Prunable prunable : prunables) {
                    succeeded &= prune(prunable, start.applyAsLong(prunable));
                }
                if (succeeded) {
                    lastSuccess = System.currentTimeMillis();
                }
            }
            finally {
                prunes.increment();
                nanos.add(System.nanoTime() - begin);
                busy.set(false);
            }
        }
    }

    /**
     * Prunes one cache.
     * @return whether nothing went wrong
     */
    private boolean prune(Prunable prunable, long start) {
        try {
            int rows = pruneInBatches(prunable, start);
            if (rows > 0) {
                log.info("Pruned {} expired {}", rows, prunable.name());
            }
        }
        catch (ConcurrencyFailureException ex) {
            log.debug("Another transaction holds rows of {}", prunable.name(), ex);
            return false;
        }
        catch (DataAccessException | TransactionException ex) {
            log.warn("Could not prune {}: {}", prunable.name(), ex.getMostSpecificCause().toString());
            return false;
        }
        return true;
    }

    private int pruneInBatches(Prunable prunable, long start) {
        BatchLoop loop = new BatchLoop(batchSize, REST);
        long from = start;
        int total = 0;
        while (!loop.isOver() && !Thread.currentThread().isInterrupted()) {
            long after = from;
            List<Long> rows = loop.next((limit) -> prunable.pruneExpired(after, limit));
            total += rows.size();
            from = rows.stream().reduce(from, Math::max);
            resumeFrom.merge(prunable, from, Math::max);
        }
        return total;
    }

    /** Whether a prune is running. */
    boolean isBusy() {
        return busy.get();
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        FunctionTimer
            .builder("dejavu.prunes", this, (pruner) -> pruner.prunes.sum(), (pruner) -> pruner.nanos.sum(),
                    TimeUnit.NANOSECONDS)
            .description("Prunes, and the time that they took")
            .register(registry);
        Gauge.builder("dejavu.prune.last.success.timestamp", this, (pruner) -> pruner.lastSuccess / 1000.0)
            .description("When the last prune ended in which nothing failed; at first, the start")
            .baseUnit("seconds")
            .register(registry);
    }

}
