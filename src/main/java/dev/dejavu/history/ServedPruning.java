package dev.dejavu.history;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.Prunable;

/**
 * Deletes whole days of who was served that are too old, and of what is too much the
 * oldest.
 */
final class ServedPruning implements Prunable {

    private final HistoryPruningRepository repository;

    private final HistoryProperties properties;

    private final Clock clock;

    /** How many rows are too many, counted in each prune once what is too old is gone. */
    private @Nullable Long excess;

    ServedPruning(HistoryPruningRepository repository, HistoryProperties properties, Clock clock) {
        this.repository = repository;
        this.properties = properties;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "records of who was served";
    }

    @Override
    public synchronized List<Long> pruneExpired(long from, int limit) {
        long now = clock.millis();
        if (from == Long.MIN_VALUE) {
            excess = null;
        }
        long lastDay = ServedRow.day(now - properties.keep().toMillis()) - 1;
        List<Long> days = new ArrayList<>(repository.pruneServed(from, lastDay, limit));
        if (days.size() == limit) {
            return days;
        }
        long tooMany = (excess != null) ? excess : count(now) - properties.maxRows();
        int more = (int) Math.min(tooMany, limit - days.size());
        if (more > 0) {
            List<Long> others = repository.pruneServed(from, ServedRow.day(now), more);
            tooMany -= others.size();
            days.addAll(others);
        }
        excess = tooMany;
        return days;
    }

    /** Counts each day alone: all of them could take longer than a statement may. */
    private long count(long now) {
        long rows = 0;
        long today = ServedRow.day(now);
        for (long day = repository.oldestDay().orElse(today + 1); day <= today; day++) {
            rows += repository.countServed(day);
        }
        return rows;
    }

}
