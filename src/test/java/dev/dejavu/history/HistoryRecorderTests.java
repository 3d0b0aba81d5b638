package dev.dejavu.history;

import java.time.Duration;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SimpleDriverDataSource;
import org.springframework.transaction.support.TransactionOperations;

import dev.dejavu.cache.Caller;
import dev.dejavu.cache.Removed;
import dev.dejavu.cache.Selection;
import dev.dejavu.commit.GroupCommit;
import dev.dejavu.testing.SettableClock;

import static org.assertj.core.api.Assertions.assertThat;

class HistoryRecorderTests {

    private final SettableClock clock = new SettableClock();

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    private final HistoryWriter writer = new HistoryWriter(new HistoryRepository(
            JdbcClient.create(new SimpleDriverDataSource()), JdbcClient.create(new SimpleDriverDataSource()),
            new GroupCommit(TransactionOperations.withoutTransaction())), clock);

    private final HistoryRecorder recorder = new HistoryRecorder(writer,
            new HistoryProperties(Duration.ofDays(30), 1000), () -> new Caller(null, "", false, false), clock);

    @Test
    void removalThatBrokeOffBeforeItRemovedAnythingIsNone() {
        writer.bindTo(meters);
        remove(0, Removed.State.RUNNING);
        remove(0, Removed.State.BROKEN_OFF);
        assertThat(waiting()).isZero();
        remove(1, Removed.State.BROKEN_OFF);
        assertThat(waiting()).isEqualTo(1);
    }

    private void remove(int rows, Removed.State state) {
        recorder.onRemoveAll("images", new Removed(new Selection(null, null, 1), rows, Duration.ZERO, state), "ada");
    }

    private int waiting() {
        return (int) meters.get("dejavu.history.waiting").gauge().value();
    }

}
