package dev.dejavu.storage;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.Semaphore;

import javax.sql.DataSource;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import com.zaxxer.hikari.SQLExceptionOverride;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * Fails at once what would wait in vain for PostgreSQL. A failed call is no more than a
 * suspicion, as a pool can be exhausted and a session be ended while all is well: then a
 * thread of its own asks, on a new connection. Without an answer the circuit is open, and
 * the thread goes on asking until there is one; no caller ever waits for that. The pool
 * drops connections to a server that answers no more, or that became read-only.
 */
final class CircuitBreaker implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(CircuitBreaker.class);

    private static final Duration PROBE_DELAY = Duration.ofMillis(100);

    /** Of a server that answers. */
    private static final Duration READ_ONLY_DELAY = Duration.ofSeconds(1);

    private static final String READ_ONLY_STATE = "25006";

    static final String IS_READ_ONLY = "select current_setting('transaction_read_only') = 'on'";

    private final HikariDataSource pool;

    private final PostgresqlLogin login;

    private final DataSource dataSource;

    private final Semaphore suspicions = new Semaphore(0);

    private volatile @Nullable Thread prober;

    private volatile @Nullable Outage outage;

    /** A connection of the pool led to a read-only server. */
    private volatile boolean hasMetReadOnly;

    private boolean hasAnswered;

    private boolean isReadOnly;

    /**
     * A circuit breaker.
     * @param pool not started yet
     */
    CircuitBreaker(HikariDataSource pool, PostgresqlLogin login) {
        this.pool = pool;
        this.login = login;
        this.dataSource = new DelegatingDataSource(pool) {

            @Override
            public Connection getConnection() throws SQLException {
                return connection();
            }

        };
        pool.setExceptionOverride(new SQLExceptionOverride() {

            // Its own Override hides that of java.lang.
            @java.lang.Override
            public SQLExceptionOverride.Override adjudicate(SQLException ex) {
                return onFailure(String.valueOf(ex.getSQLState()));
            }

        });
    }

    /** The pool, through the circuit breaker. */
    DataSource dataSource() {
        return dataSource;
    }

    /** Whether PostgreSQL is known not to answer. */
    boolean isOpen() {
        return outage != null;
    }

    private Connection connection() throws SQLException {
        Outage current = outage;
        if (current != null) {
            throw new SQLTransientConnectionException("PostgreSQL does not answer: " + current.reason(), "08001");
        }
        try {
            return pool.getConnection();
        }
        catch (SQLException ex) {
            suspect();
            throw ex;
        }
    }

    private SQLExceptionOverride.Override onFailure(String state) {
        if (isUnavailable(state)) {
            suspect();
        }
        if (state.equals(READ_ONLY_STATE)) {
            hasMetReadOnly = true;
            suspect();
            return SQLExceptionOverride.Override.MUST_EVICT;
        }
        return SQLExceptionOverride.Override.CONTINUE_EVICT;
    }

    /**
     * Connection errors, and a server that is starting or stopping.
     * @see <a href=
     * "https://www.postgresql.org/docs/current/errcodes-appendix.html">PostgreSQL's error
     * codes</a>
     */
    static boolean isUnavailable(String state) {
        return state.startsWith("08") || state.startsWith("57P");
    }

    /**
     * Whether PgBouncer has as many connections as it may have, for which it has no SQL
     * state of its own.
     */
    private static boolean isFull(SQLException ex) {
        return String.valueOf(ex.getMessage()).contains("no more connections allowed");
    }

    /** Something went wrong: asks PostgreSQL whether it is there. */
    void suspect() {
        suspicions.release();
    }

    @Override
    public void start() {
        Thread thread = Thread.ofPlatform().daemon().name("circuit-breaker").unstarted(this::run);
        prober = thread;
        thread.start();
        suspect();
    }

    @Override
    public void stop() {
        Thread running = prober;
        prober = null;
        if (running != null) {
            running.interrupt();
        }
    }

    @Override
    public boolean isRunning() {
        return prober != null;
    }

    /** Begins before the web server and ends after it. */
    @Override
    public int getPhase() {
        return 0;
    }

    private void run() {
        try {
            while (prober == Thread.currentThread()) {
                suspicions.acquire();
                do {
                    suspicions.drainPermits();
                    probe();
                    Thread.sleep((outage == null && isReadOnly) ? READ_ONLY_DELAY : PROBE_DELAY);
                }
                while (outage != null || isReadOnly);
            }
        }
        catch (InterruptedException ex) {
            // the service stops
        }
    }

    private void probe() {
        try (Connection connection = login.connect(pool.getDataSourceProperties());
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(IS_READ_ONLY)) {
            row.next();
            close();
            setReadOnly(row.getBoolean(1));
        }
        catch (SQLException ex) {
            if (isUnavailable(String.valueOf(ex.getSQLState())) && !isFull(ex)) {
                open(ex);
            }
            else {
                // It answers, if only that it has no connection to give.
                close();
                log.debug("PostgreSQL refused a connection", ex);
            }
        }
    }

    private void open(SQLException cause) {
        if (outage == null) {
            String detail = NestedExceptionUtils.getMostSpecificCause(cause).getMessage();
            String reason = (detail != null) ? detail : String.valueOf(cause.getMessage());
            outage = new Outage(System.nanoTime(), reason, pool.getMinimumIdle());
            // Or the pool tries to fill, with pauses of up to 5 s, when PostgreSQL is
            // back.
            pool.setMinimumIdle(0);
            dropConnections();
            if (hasAnswered) {
                log.warn("PostgreSQL does not answer ({}): what is in memory is served stale, the rest is 503", reason);
            }
        }
    }

    private void close() {
        Outage last = outage;
        if (last != null) {
            pool.setMinimumIdle((last.minimumIdle() >= 0) ? last.minimumIdle() : pool.getMaximumPoolSize());
        }
        outage = null;
        if (last != null && hasAnswered) {
            log.info("PostgreSQL answers again, after {} ms", (System.nanoTime() - last.begin()) / 1_000_000);
        }
        hasAnswered = true;
    }

    private void setReadOnly(boolean readOnly) {
        if (!readOnly && hasMetReadOnly) {
            hasMetReadOnly = false;
            dropConnections();
        }
        if (readOnly != isReadOnly) {
            isReadOnly = readOnly;
            if (readOnly) {
                log.warn("PostgreSQL is read-only, as a standby is: every write is 503, and the service is not ready");
            }
            else {
                log.info("PostgreSQL takes writes again");
            }
        }
    }

    /** They lead to a server that is gone or not the primary any more. */
    private void dropConnections() {
        HikariPoolMXBean started = pool.getHikariPoolMXBean();
        if (started != null) {
            started.softEvictConnections();
        }
    }

    /**
     * The time without an answer.
     *
     * @param begin as {@link System#nanoTime}
     * @param minimumIdle of the pool before it; negative if it had not started
     */
    private record Outage(long begin, String reason, int minimumIdle) {
    }

}
