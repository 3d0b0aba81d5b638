package dev.dejavu.storage;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

import com.zaxxer.hikari.HikariDataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.datasource.AbstractDataSource;

/**
 * The connections beneath the pool. The first one finds out whether a pooler shares
 * sessions among connections, as PgBouncer does in transaction mode: two connections that
 * are open together have one session, or a connection changes its own. Then nothing may
 * be left in a session: no prepared statement, no timeout, no {@code LISTEN}.
 */
final class PostgresqlSessions extends AbstractDataSource {

    private static final Logger log = LoggerFactory.getLogger(PostgresqlSessions.class);

    /** How long a write may wait for a row, as PostgreSQL writes it. */
    static final String LOCK_TIMEOUT = "400ms";

    /**
     * The server gives up before its client, but for a lookup of one key, which changes
     * nothing: a write that was answered 503 must not be carried out later. Who waits for
     * a row that somebody holds must not hold up those who write others for long. And a
     * commit that gets lost on its way ends with its session before its answer is given
     * up.
     */
    private static final String TIMEOUTS = """
            set {local} statement_timeout = 900; set {local} lock_timeout = '%s';
            set {local} idle_in_transaction_session_timeout = 600
            """.formatted(LOCK_TIMEOUT);

    private final HikariDataSource pool;

    private final PostgresqlLogin login;

    private @Nullable Boolean shared;

    PostgresqlSessions(HikariDataSource pool, PostgresqlLogin login) {
        this.pool = pool;
        this.login = login;
    }

    @Override
    public Connection getConnection() throws SQLException {
        boolean isShared = isShared();
        Connection connection = open(isShared);
        if (!isShared && hasOwnTimeouts()) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(TIMEOUTS.replace("{local}", ""));
            }
            catch (SQLException ex) {
                connection.close();
                throw ex;
            }
        }
        return connection;
    }

    @Override
    public Connection getConnection(String username, String password) throws SQLException {
        return getConnection();
    }

    /** What somebody set in the URL or for the pool counts instead. */
    private boolean hasOwnTimeouts() {
        return pool.getConnectionInitSql() == null && !login.getJdbcUrl().contains("options=");
    }

    /** Sets the timeouts of a transaction, where the session cannot have them. */
    void begin(Connection connection) throws SQLException {
        if (isShared() && hasOwnTimeouts()) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(TIMEOUTS.replace("{local}", "local"));
            }
        }
    }

    /** The process id of the session that a transaction is in. */
    int session(Connection connection) throws SQLException {
        return isShared() ? processId(connection) : connection.unwrap(PGConnection.class).getBackendPID();
    }

    /**
     * Whether a pooler shares sessions among connections.
     * @throws SQLException while that is not known, as PostgreSQL does not answer
     */
    synchronized boolean isShared() throws SQLException {
        Boolean known = shared;
        if (known == null) {
            known = find();
            shared = known;
            if (known) {
                log.warn(
                        "A pooler shares PostgreSQL's sessions (PgBouncer in transaction mode): there is no near cache,"
                                + " as notifications need a session, and there are no prepared statements");
            }
        }
        return known;
    }

    private boolean find() throws SQLException {
        try (Connection one = open(true); Connection other = open(true)) {
            int first = processId(one);
            int second = processId(other);
            // Twice in a row, as a pooler may go round.
            return first == second || processId(one) != first || processId(one) != first || processId(other) != second;
        }
    }

    /** The sessions of a pool of PostgreSQL; {@code null} of another one. */
    static @Nullable PostgresqlSessions of(HikariDataSource pool) {
        return (pool.getDataSource() instanceof PostgresqlSessions sessions) ? sessions : null;
    }

    private static int processId(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select pg_backend_pid()")) {
            row.next();
            return row.getInt(1);
        }
    }

    private Connection open(boolean isShared) throws SQLException {
        Properties properties = new Properties();
        properties.putAll(pool.getDataSourceProperties());
        if (isShared) {
            properties.putIfAbsent("prepareThreshold", "0");
        }
        return login.connect(properties);
    }

}
