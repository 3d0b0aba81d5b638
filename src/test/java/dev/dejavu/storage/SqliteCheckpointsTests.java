package dev.dejavu.storage;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import dev.dejavu.testing.SettableClock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class SqliteCheckpointsTests {

    private static final int ENOUGH = SqliteFile.LOG_PAGES * 3 / 2;

    @TempDir
    private Path folder;

    private SqliteFile file;

    private Connection writer;

    @BeforeEach
    void open() throws IOException, SQLException {
        file = SqliteFile.open("jdbc:sqlite:" + folder.resolve("cache.db"), new SettableClock(), Duration.ofMinutes(1),
                () -> {
                });
        writer = file.connect();
        execute("pragma wal_autocheckpoint = 0");
        execute("create table t (b text)");
    }

    @AfterEach
    void close() throws IOException, SQLException {
        writer.close();
        file.close();
    }

    @Test
    void longLogIsSavedAndBegunAnewWithoutHelpOfCommits() throws Exception {
        write(ENOUGH);
        awaitShortLog();
    }

    @Test
    void shortLogIsLeft() throws Exception {
        write(100);
        Thread.sleep(1500);
        assertThat(log().saved()).isZero();
    }

    @Test
    void logThatSomebodyReadsGrowsUntilTheReaderEnds() throws Exception {
        try (Connection reader = file.connect(); Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.executeQuery("select count(*) from t").close();
            write(ENOUGH);
            Thread.sleep(1500);
            write(1);
            assertThat(log().pages()).isGreaterThan(ENOUGH);
            reader.rollback();
        }
        awaitShortLog();
    }

    private void awaitShortLog() {
        await().until(() -> {
            write(1);
            return log().pages() < ENOUGH / 2;
        });
    }

    /** Each row is a page of the log at least. */
    private void write(int rows) throws SQLException {
        for (int i = 0; i < rows; i++) {
            file.requireIntact();
            file.finishCheckpoint();
            execute("insert into t values (printf('%03000d', " + i + "))");
        }
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = writer.createStatement()) {
            statement.execute(sql);
        }
    }

    private Log log() throws SQLException {
        try (Statement statement = writer.createStatement();
                ResultSet result = statement.executeQuery("pragma wal_checkpoint(noop)")) {
            return new Log(result.getInt("log"), result.getInt("checkpointed"));
        }
    }

    private record Log(int pages, int saved) {
    }

}
