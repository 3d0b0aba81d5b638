package dev.dejavu.storage;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.stream.Stream;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.QueryTimeoutException;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.jdbc.support.SQLExceptionSubclassTranslator;
import org.springframework.jdbc.support.SQLExceptionTranslator;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.DefaultTransactionStatus;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The transactions that write to SQLite. They acknowledge nothing that the next start
 * would not find. On a full disk the file does not grow: SQLite refuses what does not fit
 * into its free pages, each transaction begins by giving back the space of the log, and
 * deletions have the reserve.
 */
final class SqliteTransactions extends JdbcTransactionManager {

    private static final long serialVersionUID = 1;

    private static final Logger log = LoggerFactory.getLogger(SqliteTransactions.class);

    /** That of SQLite. */
    private static final long UNLIMITED = 4_294_967_294L;

    private final transient DataSource writer;

    private final transient SqliteFile file;

    private final transient DiskReserve reserve;

    /** Whether the file may not grow. */
    private volatile boolean isLimited;

    /** Why a write failed; {@code null} once another one has succeeded. */
    private volatile @Nullable String refusal;

    SqliteTransactions(DataSource writer, SqliteFile file, DiskReserve reserve) {
        super(writer);
        this.writer = writer;
        this.file = file;
        this.reserve = reserve;
        setExceptionTranslator(translator());
    }

    /** Takes note of damage, of a full disk, and of one that refuses to be written. */
    SQLExceptionTranslator translator() {
        SQLExceptionTranslator translator = new SQLExceptionSubclassTranslator();
        return (task, sql, ex) -> {
            file.damage().report(ex);
            if (Stream
                .of(SQLiteErrorCode.SQLITE_IOERR, SQLiteErrorCode.SQLITE_READONLY, SQLiteErrorCode.SQLITE_CANTOPEN)
                .anyMatch((code) -> SqliteDamage.is(ex, code))) {
                refuse(String.valueOf(ex.getMessage()));
            }
            if (ex instanceof SQLiteException sqlite) {
                if (sqlite.getResultCode() == SQLiteErrorCode.SQLITE_INTERRUPT) {
                    return new QueryTimeoutException("The read took too long", ex);
                }
                if (sqlite.getResultCode() == SQLiteErrorCode.SQLITE_FULL) {
                    reserve.release();
                    // Fewer rows may fit.
                    return new TransientDataAccessResourceException(String.valueOf(ex.getMessage()), ex);
                }
            }
            return translator.translate(task, sql, ex);
        };
    }

    @Override
    protected void doBegin(Object transaction, TransactionDefinition definition) {
        requireIntact();
        if (!reserve.isHeld()) {
            execute("pragma wal_checkpoint(truncate)");
            reserve.take();
        }
        file.finishCheckpoint();
        limitSize();
        super.doBegin(transaction, definition);
    }

    @Override
    protected void doCommit(DefaultTransactionStatus status) {
        super.doCommit(status);
        requireIntact();
    }

    private synchronized void refuse(String reason) {
        if (refusal == null) {
            log.warn("The file cannot be written ({}): every write is 503, and the service is not ready", reason);
        }
        refusal = reason;
    }

    /** Whether the file can be written, which is tried if the last write failed. */
    boolean isWritable() {
        if (refusal != null) {
            try {
                // user_version has the mark of the open file.
                new TransactionTemplate(this)
                    .executeWithoutResult((status) -> new JdbcTemplate(writer).execute("pragma application_id = 0"));
                refusal = null;
                log.info("The file is written again");
            }
            catch (DataAccessException | TransactionException ex) {
                log.debug("The file cannot be written", ex);
            }
        }
        return refusal == null;
    }

    /** On a full disk SQLite rolls back itself, and refuses to do so again. */
    @Override
    protected void doRollback(DefaultTransactionStatus status) {
        try {
            super.doRollback(status);
        }
        catch (DataAccessException | TransactionException ex) {
            if (reserve.isHeld()) {
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

    private void limitSize() {
        if (!reserve.isHeld()) {
            if (!isLimited) {
                log.warn("The disk is almost full: what needs more space is not stored; lookups and deletions go on");
            }
            isLimited = true;
            // SQLite takes its size for the least that it can have.
            execute("pragma max_page_count = 1");
        }
        else if (isLimited) {
            execute("pragma max_page_count = " + UNLIMITED);
            isLimited = false;
            log.info("The disk has room again: everything is stored");
        }
    }

    private void execute(String pragma) {
        try (Connection connection = writer.getConnection(); Statement statement = connection.createStatement()) {
            statement.execute(pragma);
        }
        catch (SQLException ex) {
            log.debug("Not on this disk: {}", pragma, ex);
        }
    }

}
