package dev.dejavu.storage;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

import javax.sql.DataSource;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.QueryTimeoutException;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.jdbc.support.SQLExceptionSubclassTranslator;
import org.springframework.jdbc.support.SQLExceptionTranslator;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.DefaultTransactionStatus;

/**
 * The transactions that write to SQLite. They acknowledge nothing that the next start
 * would not find. On a full disk each begins by giving back the space of the log, so that
 * deletions have some.
 */
final class SqliteTransactions extends JdbcTransactionManager {

    private static final long serialVersionUID = 1;

    private static final Logger log = LoggerFactory.getLogger(SqliteTransactions.class);

    private final transient DataSource writer;

    private final transient SqliteFile file;

    private volatile boolean isDiskFull;

    SqliteTransactions(DataSource writer, SqliteFile file) {
        super(writer);
        this.writer = writer;
        this.file = file;
        setExceptionTranslator(translator());
    }

    /** Takes note of damage and of a full disk. */
    SQLExceptionTranslator translator() {
        SQLExceptionTranslator translator = new SQLExceptionSubclassTranslator();
        return (task, sql, ex) -> {
            file.damage().report(ex);
            if (ex instanceof SQLiteException sqlite) {
                if (sqlite.getResultCode() == SQLiteErrorCode.SQLITE_INTERRUPT) {
                    return new QueryTimeoutException("The read took too long", ex);
                }
                isDiskFull |= sqlite.getResultCode() == SQLiteErrorCode.SQLITE_FULL;
            }
            return translator.translate(task, sql, ex);
        };
    }

    @Override
    protected void doBegin(Object transaction, TransactionDefinition definition) {
        requireIntact();
        if (isDiskFull) {
            truncateLog();
        }
        super.doBegin(transaction, definition);
    }

    @Override
    protected void doCommit(DefaultTransactionStatus status) {
        super.doCommit(status);
        requireIntact();
    }

    /** On a full disk SQLite rolls back itself, and refuses to do so again. */
    @Override
    protected void doRollback(DefaultTransactionStatus status) {
        try {
            super.doRollback(status);
        }
        catch (DataAccessException | TransactionException ex) {
            if (!isDiskFull) {
                throw ex;
            }
        }
    }

    private void requireIntact() {
        try {
            file.requireIntact();
        }
        catch (SQLException ex) {
            throw new DataAccessResourceFailureException(String.valueOf(ex.getMessage()), ex);
        }
    }

    private void truncateLog() {
        try (Connection connection = writer.getConnection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("pragma wal_checkpoint(truncate)")) {
            isDiskFull = result.next() && result.getInt(1) != 0;
        }
        catch (SQLException ex) {
            log.debug("The log keeps its space", ex);
        }
    }

}
