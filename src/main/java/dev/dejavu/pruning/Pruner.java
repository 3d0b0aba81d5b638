package dev.dejavu.pruning;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.ConcurrencyFailureException;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.Batches;
import dev.dejavu.cache.Prunable;

/**
 * Throws away what has expired, everywhere. One prune at a time in this process; a second
 * one goes without a word. A prune that fails is no harm, as nothing expired is ever
 * served: the next one takes up its work.
 */
@Component
class Pruner {

    private static final Logger log = LoggerFactory.getLogger(Pruner.class);

    private final List<Prunable> prunables;

    private final int batchSize;

    private final AtomicBoolean busy = new AtomicBoolean();

    Pruner(List<Prunable> prunables, PruningProperties properties) {
        this.prunables = prunables;
        this.batchSize = properties.batchSize();
    }

    void prune() {
        if (busy.compareAndSet(false, true)) {
            try {
                prunables.forEach(this::prune);
            }
            finally {
                busy.set(false);
            }
        }
    }

    private void prune(Prunable prunable) {
        try {
            int rows = Batches.run(batchSize, (limit) -> pruneAndRest(prunable, limit));
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
    private static int pruneAndRest(Prunable prunable, int limit) {
        long start = System.nanoTime();
        int rows = prunable.pruneExpired(limit);
        if (rows == limit) {
            LockSupport.parkNanos(4 * (System.nanoTime() - start));
        }
        return rows;
    }

    /** Whether a prune is under way. */
    boolean isBusy() {
        return busy.get();
    }

}
