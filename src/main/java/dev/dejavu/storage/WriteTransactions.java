package dev.dejavu.storage;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import javax.sql.DataSource;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.JdbcTransactionObjectSupport;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.DefaultTransactionStatus;

/**
 * The transactions that write to PostgreSQL. A commit that gets no answer in time is in
 * doubt: its session may carry it out yet. Then no other transaction begins before that
 * session has ended or is done, so that nothing refused comes after what is acknowledged.
 * A commit that never reached the server ends with its session, by
 * {@code idle_in_transaction_session_timeout}; one that waits for a standby goes on
 * waiting, and would otherwise be joined by more and more sessions. And none begins
 * before it is known what time it is.
 */
final class WriteTransactions extends JdbcTransactionManager {

    private static final long serialVersionUID = 1;

    private static final Logger log = LoggerFactory.getLogger(WriteTransactions.class);

    private static final String UNFINISHED = """
            select pid from pg_stat_activity where pid in (:pids) and usename = current_user and state <> 'idle'
            """;

    private final transient JdbcClient reader;

    /** The process ids of sessions with a commit in doubt. */
    private final transient Set<Integer> inDoubt = ConcurrentHashMap.newKeySet();

    private final transient PostgresqlSessions sessions;

    private final transient DatabaseClock clock;

    WriteTransactions(DataSource dataSource, PostgresqlSessions sessions, DatabaseClock clock) {
        super(dataSource);
        this.clock = clock;
        this.sessions = sessions;
        this.reader = JdbcClient.create(dataSource);
    }

    @Override
    protected void doBegin(Object transaction, TransactionDefinition definition) {
        if (!clock.isKnown()) {
            // By that of the machine a prune might delete what is alive.
            throw new DataAccessResourceFailureException("The clock of PostgreSQL was not read yet");
        }
        if (!inDoubt.isEmpty()) {
            inDoubt.retainAll(reader.sql(UNFINISHED).param("pids", inDoubt).query(Integer.class).list());
            if (!inDoubt.isEmpty()) {
                throw new DataAccessResourceFailureException("An earlier commit is still waiting for PostgreSQL");
            }
            log.info("The commit without an answer has ended: writes go on");
        }
        super.doBegin(transaction, definition);
    }

    @Override
    protected void prepareTransactionalConnection(Connection connection, TransactionDefinition definition)
            throws SQLException {
        super.prepareTransactionalConnection(connection, definition);
        sessions.begin(connection);
    }

    @Override
    protected void doCommit(DefaultTransactionStatus status) {
        Connection connection = connection(status);
        try {
            int session = sessions.session(connection);
            // Some of the time that a request may take is over.
            connection.setNetworkTimeout(Runnable::run, connection.getNetworkTimeout() / 10 * 7);
            try {
                super.doCommit(status);
            }
            catch (DataAccessException | TransactionException ex) {
                if (connection.isClosed()) {
                    inDoubt.add(session);
                    log.warn("A commit got no answer from PostgreSQL: writes wait until its session has ended");
                }
                throw ex;
            }
        }
        catch (SQLException ex) {
            throw translateException("commit", ex);
        }
    }

    /** A transaction ends with its connection, of which the cause says more. */
    @Override
    protected void doRollback(DefaultTransactionStatus status) {
        try {
            if (!connection(status).isClosed()) {
                super.doRollback(status);
            }
        }
        catch (SQLException ex) {
            throw translateException("rollback", ex);
        }
    }

    private static Connection connection(DefaultTransactionStatus status) {
        return ((JdbcTransactionObjectSupport) status.getTransaction()).getConnectionHolder().getConnection();
    }

}
