package dev.dejavu.storage;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves SQLite's log to its file while others write, all but the pages that are written
 * meanwhile: a short checkpoint by the thread that writes saves those. It takes no lock
 * that a writer needs.
 */
final class SqliteCheckpoints implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(SqliteCheckpoints.class);

    /** The second copies what was written during the first. */
    private static final int COPIES = 2;

    /** Between two looks at the log while it grows. */
    private static final Duration DELAY = Duration.ofMillis(50);

    private static final Duration IDLE_DELAY = Duration.ofSeconds(1);

    private final Connection connection;

    private final OpenedFile file;

    private final LongSupplier writes;

    private final Thread thread;

    private volatile boolean almostSaved;

    private volatile boolean closed;

    private SqliteCheckpoints(Connection connection, OpenedFile file, LongSupplier writes) {
        this.connection = connection;
        this.file = file;
        this.writes = writes;
        this.thread = Thread.ofPlatform().name("sqlite-checkpoints").daemon().unstarted(this::run);
    }

    /**
     * Starts them.
     * @param connection of their own
     * @param writes how often the file was written to
     */
    static SqliteCheckpoints start(Connection connection, OpenedFile file, LongSupplier writes) {
        SqliteCheckpoints checkpoints = new SqliteCheckpoints(connection, file, writes);
        checkpoints.thread.start();
        return checkpoints;
    }

    /**
     * Whether few pages of the log are left to be saved; asked for by the thread that
     * writes, which saves them. The next write then begins the log anew, unless somebody
     * reads from it.
     */
    boolean takeAlmostSaved() {
        boolean taken = almostSaved;
        if (taken) {
            almostSaved = false;
        }
        return taken;
    }

    private void run() {
        long seen = writes.getAsLong();
        while (!closed && !file.isLost()) {
            long now = writes.getAsLong();
            LockSupport.parkNanos(((now == seen) ? IDLE_DELAY : DELAY).toNanos());
            if (now != seen) {
                seen = now;
                saveLongLog();
            }
        }
    }

    /** What fails is left to a commit. */
    private void saveLongLog() {
        try {
            if (almostSaved || pages("noop") < SqliteFile.LOG_PAGES) {
                return;
            }
            for (int i = 0; i < COPIES && !closed; i++) {
                pages("passive");
                file.force();
            }
            almostSaved = true;
        }
        catch (SQLException | IOException ex) {
            log.debug("Not saved", ex);
        }
    }

    /** The pages of the log, after a checkpoint of a mode. */
    private int pages(String mode) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("pragma wal_checkpoint(" + mode + ")")) {
            return result.getInt("log");
        }
    }

    /** Waits for the one that is running. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try (connection) {
            thread.join();
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
        catch (SQLException ex) {
            log.debug("Not closed", ex);
        }
    }

}
