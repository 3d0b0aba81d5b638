package dev.dejavu.history;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;

import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SimpleDriverDataSource;
import org.springframework.transaction.support.TransactionOperations;

import dev.dejavu.commit.GroupCommit;
import dev.dejavu.testing.SettableClock;

import static org.assertj.core.api.Assertions.assertThat;

class ServedPruningTests {

    private static final int OLD = 15;

    private static final int MAX_ROWS = 1000;

    private final SettableClock clock = new SettableClock();

    private final List<String> calls = new ArrayList<>();

    private int old = OLD;

    private int recent = MAX_ROWS + 3;

    private final ServedPruning pruning = new ServedPruning(new Repository(),
            new HistoryProperties(Duration.ofDays(30), MAX_ROWS), clock);

    @Test
    void whatIsTooOldIsDeletedBeforeTheRestIsCounted() {
        assertThat(pruning.pruneExpired(Long.MIN_VALUE, 10)).hasSize(10);
        assertThat(calls).containsExactly("old");
        assertThat(pruning.pruneExpired(0, 10)).hasSize(OLD - 10 + 3);
        assertThat(calls).containsExactly("old", "old", "count", "recent");
        assertThat(pruning.pruneExpired(0, 10)).isEmpty();
        assertThat(calls).as("counted once").hasSize(5).endsWith("old");
        recent++;
        assertThat(pruning.pruneExpired(Long.MIN_VALUE, 10)).hasSize(1);
    }

    /**
     * Has rows of a day that is too old, and of today.
     */
    private final class Repository extends HistoryPruningRepository {

        Repository() {
            super(JdbcClient.create(new SimpleDriverDataSource()), JdbcClient.create(new SimpleDriverDataSource()),
                    new GroupCommit(TransactionOperations.withoutTransaction()));
        }

        @Override
        List<Long> pruneServed(long fromDay, long lastDay, int limit) {
            boolean isOld = lastDay < today();
            calls.add(isOld ? "old" : "recent");
            int size = Math.min(limit, isOld ? old : recent);
            old -= isOld ? size : 0;
            recent -= isOld ? 0 : size;
            return Collections.nCopies(size, lastDay);
        }

        @Override
        OptionalLong oldestDay() {
            return OptionalLong.of(today());
        }

        @Override
        long countServed(long day) {
            calls.add("count");
            return (long) old + recent;
        }

        private long today() {
            return ServedRow.day(clock.millis());
        }

    }

}
