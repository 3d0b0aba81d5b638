package dev.dejavu.storage;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

import org.springframework.dao.QueryTimeoutException;
import org.sqlite.ProgressHandler;

import dev.dejavu.cache.Scans;

/**
 * Scans of SQLite on a few platform threads, because its native code would pin the
 * carriers of all who only ask for a key; and for a second at most, because nothing else
 * ends it.
 */
final class SqliteScans implements Scans, AutoCloseable {

    private static final int THREADS = 4;

    private static final Duration TIMEOUT = Duration.ofSeconds(1);

    /** With the wait for a thread. */
    private static final Duration PATIENCE = Duration.ofMillis(1800);

    /** Of SQLite's virtual machine: a few milliseconds, and many reads by key. */
    private static final int INSTRUCTIONS = 100_000;

    /** {@link System#nanoTime} at which the scan of this thread has to end. */
    private static final ThreadLocal<Long> END = new ThreadLocal<>();

    private final ExecutorService executor = Executors.newFixedThreadPool(THREADS,
            Thread.ofPlatform().daemon().name("scan-", 1).factory());

    /** Prepares a connection: scans on it end in time. */
    static Connection limit(Connection connection) throws SQLException {
        ProgressHandler.setHandler(connection, INSTRUCTIONS, new ProgressHandler() {
            @Override
            protected int progress() {
                Long end = END.get();
                return (end != null && System.nanoTime() - end > 0) ? 1 : 0;
            }
        });
        return connection;
    }

    @Override
    public <T> T execute(Supplier<T> read) {
        Future<T> scan = executor.submit(() -> {
            END.set(System.nanoTime() + TIMEOUT.toNanos());
            try {
                return read.get();
            }
            finally {
                END.remove();
            }
        });
        try {
            return scan.get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
        }
        catch (TimeoutException ex) {
            scan.cancel(false);
            throw new QueryTimeoutException("Too many slow reads were waiting before this one", ex);
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new QueryTimeoutException("The service stopped before the read", ex);
        }
        catch (ExecutionException ex) {
            throw (ex.getCause() instanceof RuntimeException cause) ? cause : new IllegalStateException(ex);
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }

}
