package dev.dejavu.cache;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * The removals of many entries that this process carries out.
 *
 * @param <E> the entry
 */
final class BulkRemovals<E extends CacheEntry> {

    private final CacheRepository<E> repository;

    private final Lock turn = new ReentrantLock(true);

    private final Set<BulkRemoval<E>> running = ConcurrentHashMap.newKeySet();

    BulkRemovals(CacheRepository<E> repository) {
        this.repository = repository;
    }

    /**
     * Removes many entries, and goes on in the background if that takes long.
     * @param observer is told of the end, and before that if the removal goes on
     */
    Removed remove(Selection selection, Duration patience, Consumer<Removed> observer) {
        running.removeIf(BulkRemoval::isOver);
        BulkRemoval<E> removal = new BulkRemoval<>(repository, selection, turn, observer);
        running.add(removal);
        Removed removed = removal.await(patience);
        observer.accept(removed);
        RuntimeException failure = removal.failure();
        if (failure != null && removed.state() == Removed.State.BROKEN_OFF) {
            throw failure;
        }
        return removed;
    }

    /** Breaks off what is running. */
    void stop() {
        running.forEach(BulkRemoval::interrupt);
        running.forEach(BulkRemoval::join);
    }

}
