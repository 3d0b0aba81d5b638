package dev.dejavu.history;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.UncategorizedSQLException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SimpleDriverDataSource;
import org.springframework.transaction.support.TransactionOperations;

import dev.dejavu.commit.GroupCommit;
import dev.dejavu.testing.SettableClock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

@ExtendWith(OutputCaptureExtension.class)
class HistoryWriterTests {

    private static final int ROOM = MemoryBound.of(20_000, 1000);

    private final List<String> written = new ArrayList<>();

    private @Nullable RuntimeException failure;

    /** Of each write. */
    private Duration duration = Duration.ZERO;

    private volatile boolean isWriting;

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

    /** A read-only or full database, or a timeout of a lock. */
    @Test
    void whatTheDatabaseRefusesIsKeptAndSaidOnce(CapturedOutput output) {
        add("a", "b");
        failure = new UncategorizedSQLException("write", null, new SQLException("read-only", "25006"));
        for (int i = 0; i < 3; i++) {
            assertThatExceptionOfType(UncategorizedSQLException.class).isThrownBy(writer::flush);
        }
        failure = null;
        writer.flush();
        assertThat(written).containsExactly("a", "b");
        assertThat(writer.dropped()).isZero();
        assertThat(output.getAll()).containsOnlyOnce("cannot be written");
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

    @Test
    void whoReadsDoesNotWaitForAllThatIsToBeWritten() {
        for (int i = 0; i < ROOM; i++) {
            add("k" + i);
        }
        duration = Duration.ofMillis(20);
        writer.flushBriefly();
        assertThat(written).hasSizeBetween(1, ROOM - 1);
        duration = Duration.ZERO;
        writer.flush();
        assertThat(written).hasSize(ROOM).startsWith("k0", "k1");
    }

    @Test
    void whoReadsDoesNotQueueBehindAnotherFlush() throws InterruptedException {
        add("a");
        duration = Duration.ofDays(1);
        Thread other = Thread.ofPlatform().daemon().start(writer::flush);
        await().until(() -> isWriting);
        assertTimeoutPreemptively(Duration.ofSeconds(20), writer::flushBriefly);
        other.interrupt();
        other.join();
    }

    @Test
    void whoReadsIsAnsweredWhileTheDatabaseTakesNoWrites() {
        add("a");
        failure = new DataAccessResourceFailureException("away");
        writer.flushBriefly();
        failure = null;
        writer.flushBriefly();
        assertThat(written).containsExactly("a");
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
            isWriting = true;
            LockSupport.parkNanos(duration.toNanos());
            events.forEach((event) -> written.add(event.hash()));
        }

    }

}
