package dev.dejavu.history;

import java.time.Clock;
import java.time.Duration;
import java.util.List;

import dev.dejavu.cache.Prunable;

/**
 * Deletes events that are too old or too many. Where to go on is the number of one.
 */
final class EventPruning implements Prunable {

    private final String name;

    private final String table;

    private final HistoryPruningRepository repository;

    private final Duration keep;

    private final long maxRows;

    private final Clock clock;

    EventPruning(String name, String table, HistoryPruningRepository repository, Duration keep, long maxRows,
            Clock clock) {
        this.name = name;
        this.table = table;
        this.repository = repository;
        this.keep = keep;
        this.maxRows = maxRows;
        this.clock = clock;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<Long> pruneExpired(long from, int limit) {
        return repository.pruneEvents(table, from, clock.millis() - keep.toMillis(), maxRows, limit);
    }

}
