package dev.dejavu.storage;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves SQLite's log to its file while others write, all but the pages that are written
 * meanwhile, which the thread that writes saves. It takes no lock that a writer needs.
 */
final class SqliteCheckpoints implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(SqliteCheckpoints.class);

    /** The second copies what was written during the first. */
    private static final int COPIES = 2;

    /** Between two looks at the log while it grows. */
    private static final Duration DELAY = Duration.ofMillis(50);

    private static final Duration IDLE_DELAY = Duration.ofSeconds(1);

    private final OpenedFile file;

    private final LongSupplier writes;

    private final Thread thread;

    private final AtomicBoolean almostSaved = new AtomicBoolean();

    private volatile boolean closed;

    private SqliteCheckpoints(OpenedFile file, LongSupplier writes) {
        this.file = file;
        this.writes = writes;
        this.thread = Thread.ofPlatform().name("sqlite-checkpoints").daemon().unstarted(this::run);
    }

    /**
     * Starts them.
     * @param writes how often the file was written to
     */
    static SqliteCheckpoints start(OpenedFile file, LongSupplier writes) {
        SqliteCheckpoints checkpoints = new SqliteCheckpoints(file, writes);
        checkpoints.thread.start();
        return checkpoints;
    }

    /**
     * Saves the last pages, if the others are saved; for the thread that writes. The next
     * write then begins the log anew, unless somebody reads from it.
     */
    void finish() {
        if (almostSaved.getAndSet(false)) {
            try {
                file.checkpoint("passive");
            }
            catch (SQLException ex) {
                log.debug("Not saved", ex);
            }
        }
    }

    private void run() {
        long seen = writes.getAsLong();
        while (!closed) {
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
            if (almostSaved.get() || file.checkpoint("noop") < SqliteFile.LOG_PAGES) {
                return;
            }
            for (int i = 0; i < COPIES && !closed; i++) {
                file.checkpoint("passive");
                file.force();
            }
            almostSaved.set(true);
        }
        catch (SQLException | IOException ex) {
            log.debug("Not saved", ex);
        }
    }

    /** Waits for the one that is running. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            thread.join();
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

}
