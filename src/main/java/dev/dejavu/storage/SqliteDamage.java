package dev.dejavu.storage;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.ProgressHandler;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * Damage of an SQLite file. The start does not read a large file to its end to find it;
 * damage that a statement meets later is marked beside the file, for the next start,
 * which then reads all of it: it may be another file by then, as a backup that was
 * restored.
 */
final class SqliteDamage {

    private static final Logger log = LoggerFactory.getLogger(SqliteDamage.class);

    /** Of a search in a file that is marked. */
    private static final Duration FULL_TIMEOUT = Duration.ofMinutes(1);

    /** Pages and instructions between two looks at the clock. */
    private static final int PROGRESS_STEP = 100;

    private final Path path;

    private final Runnable onDamage;

    private volatile boolean met;

    /**
     * The damage of a file.
     * @param onDamage runs each time that a statement meets damage
     */
    SqliteDamage(Path path, Runnable onDamage) {
        this.path = path;
        this.onDamage = onDamage;
    }

    /**
     * Finds damage.
     * @param timeout after which the rest of the file is taken for sound
     * @return what is damaged; {@code null} when nothing was found
     */
    @Nullable String find(DataSource dataSource, Duration timeout) throws IOException {
        if (Files.notExists(marker())) {
            return check(dataSource, "quick_check", timeout.toNanos(), null);
        }
        String marked = Files.readString(marker());
        if (check(dataSource, "integrity_check", FULL_TIMEOUT.toNanos(), marked) != null || isEmpty(dataSource)) {
            return marked;
        }
        log.warn("{} was marked as damaged ({}), and is found sound as a whole: used as it is", path, marked);
        return null;
    }

    /**
     * Searches a file.
     * @param ifTooLarge the result where the time is up
     */
    private @Nullable String check(DataSource dataSource, String pragma, long nanos, @Nullable String ifTooLarge)
            throws IOException {
        long begin = System.nanoTime();
        try (Connection connection = dataSource.getConnection(); Statement statement = connection.createStatement()) {
            ProgressHandler.setHandler(connection, PROGRESS_STEP, new ProgressHandler() {

                @Override
                protected int progress() {
                    return (System.nanoTime() - begin < nanos) ? 0 : 1;
                }

            });
            try (ResultSet result = statement.executeQuery("pragma " + pragma + "(1)")) {
                String verdict = result.next() ? result.getString(1) : "no verdict";
                return verdict.equals("ok") ? null : verdict;
            }
        }
        catch (SQLException ex) {
            if (isDamage(ex)) {
                return ex.getMessage();
            }
            if (is(ex, SQLiteErrorCode.SQLITE_INTERRUPT)) {
                log.info("{} is large: checked in part for damage", path);
                return ifTooLarge;
            }
            throw new IOException(ex.getMessage(), ex);
        }
    }

    private static boolean isEmpty(DataSource dataSource) throws IOException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("select count(*) from sqlite_schema")) {
            return result.getInt(1) == 0;
        }
        catch (SQLException ex) {
            throw new IOException(ex.getMessage(), ex);
        }
    }

    private static boolean isDamage(Throwable ex) {
        return is(ex, SQLiteErrorCode.SQLITE_CORRUPT) || is(ex, SQLiteErrorCode.SQLITE_NOTADB);
    }

    /** Whether a failure has this code, or one that extends it. */
    static boolean is(Throwable ex, SQLiteErrorCode code) {
        // Extended codes carry the primary one in their lowest byte.
        return ex instanceof SQLiteException sqlite && (sqlite.getResultCode().code & 0xff) == code.code;
    }

    /** A file that says what is damaged. */
    private Path marker() {
        return path.resolveSibling(path.getFileName() + ".damage");
    }

    /** Marks the file for the next start if the failure is one of damage. */
    void report(Throwable failure) {
        Throwable cause = failure;
        while (cause != null && !isDamage(cause)) {
            cause = cause.getCause();
        }
        if (cause != null) {
            mark(String.valueOf(cause.getMessage()));
        }
    }

    /**
     * Marks the file for the next start.
     * @param found what is damaged
     */
    void mark(String found) {
        met = true;
        try {
            Files.writeString(marker(), found, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            log.error(
                    "{} is damaged ({}): the next start moves it aside, unless it is sound by then, and creates a new one",
                    path, found);
        }
        catch (FileAlreadyExistsException alreadyMarked) {
            // and logged
        }
        catch (IOException ex) {
            log.error("{} is damaged ({}), and the marker for the next start cannot be written", path, found, ex);
        }
        onDamage.run();
    }

    /** Whether a statement has met it. */
    boolean isMet() {
        return met;
    }

    void clear() throws IOException {
        Files.deleteIfExists(marker());
    }

}
