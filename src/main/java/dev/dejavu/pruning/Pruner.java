package dev.dejavu.pruning;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToLongFunction;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.ConcurrencyFailureException;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.Prunable;

/**
 * Throws away what has expired, everywhere. One prune at a time in this process; a second
 * one goes without a word. A prune that fails is no harm, as nothing expired is ever
 * served: the next one takes up its work.
 */
@Component
class Pruner {

    private static final Logger log = LoggerFactory.getLogger(Pruner.class);

    private static final long BEGINNING = Long.MIN_VALUE;

    private final List<Prunable> prunables;

    private final int batchSize;

    private final AtomicBoolean busy = new AtomicBoolean();

    /**
     * When the last row that went had been created. PostgreSQL keeps what is dead in its
     * index until a vacuum, and a search from the oldest on wades through all of it.
     */
    private final Map<Prunable, Long> reached = new ConcurrentHashMap<>();

    Pruner(List<Prunable> prunables, PruningProperties properties) {
        this.prunables = prunables;
        this.batchSize = properties.batchSize();
    }

    /** From the oldest row on. */
    void prune() {
        pruneFrom((prunable) -> BEGINNING);
    }

    /**
     * From where the last prune ended. What has come since then with an older date is
     * left to {@link #prune()}.
     */
    void proceed() {
        pruneFrom((prunable) -> reached.getOrDefault(prunable, BEGINNING));
    }

    private void pruneFrom(ToLongFunction<Prunable> start) {
        if (busy.compareAndSet(false, true)) {
            try {
                prunables.forEach((prunable) -> prune(prunable, start.applyAsLong(prunable)));
            }
            finally {
                busy.set(false);
            }
        }
    }

    private void prune(Prunable prunable, long start) {
        try {
            int rows = pruneInBatches(prunable, start);
            if (rows > 0) {
                log.info("Pruned {} expired {}", rows, prunable.name());
            }
        }
        catch (ConcurrencyFailureException ex) {
            log.debug("Another instance prunes {}", prunable.name(), ex);
        }
        catch (DataAccessException ex) {
            log.warn("Could not prune {}: {}", prunable.name(), ex.getMostSpecificCause().toString());
        }
    }

    /**
     * Rests four times as long as it has worked, so that readers and writers have most of
     * the database.
     */
    private int pruneInBatches(Prunable prunable, long start) {
        long from = start;
        int total = 0;
        while (!Thread.currentThread().isInterrupted()) {
            long begin = System.nanoTime();
            List<Long> rows = prunable.pruneExpired(from, batchSize);
            total += rows.size();
            from = rows.stream().reduce(from, Math::max);
            reached.merge(prunable, from, Math::max);
            if (rows.size() < batchSize) {
                break;
            }
            LockSupport.parkNanos(4 * (System.nanoTime() - begin));
        }
        return total;
    }

    /** Whether a prune is under way. */
    boolean isBusy() {
        return busy.get();
    }

}
