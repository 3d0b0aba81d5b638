package dev.dejavu.history;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SimpleDriverDataSource;
import org.springframework.transaction.support.TransactionOperations;

import dev.dejavu.commit.GroupCommit;
import dev.dejavu.testing.SettableClock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class HistoryWriterTests {

    private static final int ROOM = 20_000;

    private final List<String> written = new ArrayList<>();

    private @Nullable RuntimeException failure;

    private final HistoryWriter writer = new HistoryWriter(new Repository(), new SettableClock());

    @Test
    void whatCouldNotBeWrittenIsWrittenLaterInItsOrder() {
        add("a", "b");
        failure = new DataAccessResourceFailureException("away");
        assertThatExceptionOfType(DataAccessResourceFailureException.class).isThrownBy(writer::flush);
        add("c");
        failure = null;
        writer.flush();
        assertThat(written).containsExactly("a", "b", "c");
        writer.flush();
        assertThat(written).hasSize(3);
        assertThat(writer.dropped()).isZero();
    }

    @Test
    void whatCanNeverBeWrittenIsDroppedAndCounted() {
        add("a", "b");
        failure = new DataIntegrityViolationException("wrong");
        writer.flush();
        failure = null;
        add("c");
        writer.flush();
        assertThat(written).containsExactly("c");
        assertThat(writer.dropped()).isEqualTo(2);
    }

    @Test
    void memoryIsBoundedWhileTheDatabaseIsAway() {
        for (int i = 0; i < ROOM + 7; i++) {
            add("k" + i);
        }
        assertThat(writer.dropped()).isEqualTo(7);
        writer.flush();
        assertThat(written).hasSize(ROOM).startsWith("k0", "k1");
    }

    private void add(String... keys) {
        for (String key : keys) {
            writer.add(new EventRow("images", key, "", 1, HistoryEvent.Kind.PUT, null, null, null, null, null, null,
                    null, null));
        }
    }

    /**
     * Remembers what it was given, or fails.
     */
    private final class Repository extends HistoryRepository {

        Repository() {
            super(JdbcClient.create(new SimpleDriverDataSource()), JdbcClient.create(new SimpleDriverDataSource()),
                    new GroupCommit(TransactionOperations.withoutTransaction()));
        }

        @Override
        void add(List<EventRow> events, List<RegistryEventRow> registryEvents, List<ServedRow> served) {
            if (failure != null) {
                throw failure;
            }
            events.forEach((event) -> written.add(event.hash()));
        }

    }

}
