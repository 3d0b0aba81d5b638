package dev.dejavu.storage;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.ThreadLocalRandom;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the paths of an SQLite file and its log still lead to what was opened, and
 * whether the file still has the content that SQLite left in it.
 */
final class OpenedFile implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(OpenedFile.class);

    /** The header, whose numbers are big-endian: see "The Database File Format". */
    private static final int HEADER_SIZE = 100;

    private static final int USER_VERSION = 60;

    private final Path path;

    private final Path writeAheadLog;

    private final Runnable onLoss;

    /** In the header while the file is open, and in no other file. */
    private final int mark;

    /**
     * SQLite deletes the log with its last connection. While this one is open, only
     * somebody else does.
     */
    private final Connection connection;

    /**
     * Stays open: to close it would end the locks of SQLite in this process. No channel,
     * as a thread that is interrupted closes that.
     */
    private final RandomAccessFile file;

    /** What the operating system knows the open files by; not the same as their paths. */
    private final @Nullable Object key;

    private final @Nullable Object logKey;

    /** In bytes, when it was last asked for. */
    private long size;

    private volatile boolean isMarked;

    private volatile boolean lost;

    private OpenedFile(Path path, int mark, Connection connection, RandomAccessFile file, Runnable onLoss)
            throws IOException {
        this.path = path;
        this.mark = mark;
        this.writeAheadLog = SqliteFile.beside(path, "-wal");
        this.connection = connection;
        this.file = file;
        this.size = file.length();
        this.onLoss = onLoss;
        this.key = key(path);
        this.logKey = key(writeAheadLog);
    }

    /**
     * Marks the file that a connection has opened, and remembers it.
     * @param connection of its own
     * @param onLoss runs when the file or its log is replaced or deleted
     */
    static OpenedFile of(Path path, Connection connection, Runnable onLoss) throws SQLException {
        int mark = ThreadLocalRandom.current().nextInt(1, Integer.MAX_VALUE);
        try {
            mark(connection, mark);
            checkpoint(connection, "truncate");
        }
        catch (SQLException ex) {
            log.debug("Not marked, as on a full disk: whether it is overwritten cannot be seen", ex);
        }
        try {
            return new OpenedFile(path, mark, connection, new RandomAccessFile(path.toFile(), "r"), onLoss);
        }
        catch (IOException ex) {
            connection.close();
            throw new SQLException(ex);
        }
    }

    private static void mark(Connection connection, int mark) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("pragma user_version = " + mark);
        }
    }

    private static int checkpoint(Connection connection, String mode) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("pragma wal_checkpoint(" + mode + ")")) {
            return result.getInt("log");
        }
    }

    /**
     * Saves the log to the file.
     * @param mode of SQLite
     * @return the pages of the log
     */
    int checkpoint(String mode) throws SQLException {
        return checkpoint(connection, mode);
    }

    /** Whether the file or its log was replaced or deleted. */
    synchronized boolean isLost() {
        if (!lost && key != null && !key.equals(key(path))) {
            lost = true;
            log.error("{} was replaced or deleted while it was in use: every write is 503, as it would be lost;"
                    + " the next start takes the file that is there then", path);
            dropLog();
            onLoss.run();
        }
        else if (!lost && logKey != null && !logKey.equals(key(writeAheadLog))) {
            lost = true;
            log.error("{} was replaced or deleted while it was in use: every write is 503, as it would be lost;"
                    + " the next start goes on with what is there", writeAheadLog);
            saveLog();
            onLoss.run();
        }
        return lost;
    }

    /** SQLite would take the log of the file that is gone for that of the new one. */
    private void dropLog() {
        if (logKey == null || !logKey.equals(key(writeAheadLog))) {
            return;
        }
        try {
            Files.deleteIfExists(writeAheadLog);
            Files.deleteIfExists(SqliteFile.beside(path, "-shm"));
        }
        catch (IOException ex) {
            log.error("{} must be deleted before the next start: {}", writeAheadLog, ex.toString());
        }
    }

    /** SQLite still has the log open: what is in it alone goes to the file. */
    private void saveLog() {
        try {
            checkpoint("full");
        }
        catch (SQLException ex) {
            log.error("What was written last is lost unless the service is stopped in order: {}", ex.toString());
        }
    }

    /**
     * Whether another program has written over its beginning. A closed file says nothing
     * of that.
     */
    boolean isOverwritten() {
        ByteBuffer header = header();
        boolean hasMark = header != null && header.getInt(USER_VERSION) == mark;
        isMarked |= hasMark;
        return isMarked && !hasMark && !lost;
    }

    /**
     * Whether another program has cut off its end: SQLite itself never makes it shorter.
     * While a checkpoint writes, and after one that a full disk broke off, its header
     * counts pages that are in the log alone.
     */
    synchronized boolean isShorter() {
        try {
            long before = size;
            size = file.length();
            return size < before;
        }
        catch (IOException ex) {
            return !lost;
        }
    }

    /** Waits until the disk has what was written to it. */
    void force() throws IOException {
        file.getFD().sync();
    }

    private synchronized @Nullable ByteBuffer header() {
        byte[] header = new byte[HEADER_SIZE];
        try {
            file.seek(0);
            return (file.read(header) == HEADER_SIZE) ? ByteBuffer.wrap(header) : null;
        }
        catch (IOException ex) {
            return null;
        }
    }

    /** {@code null} where there is no file, or the system has no keys. */
    private static @Nullable Object key(Path path) {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        }
        catch (IOException ex) {
            return null;
        }
    }

    /** When the file was last written to. */
    static FileTime changed(Path path) {
        try {
            return Files.getLastModifiedTime(path);
        }
        catch (IOException ex) {
            return FileTime.fromMillis(0);
        }
    }

    @Override
    public void close() throws IOException {
        try (file; connection) {
            lost = true;
        }
        catch (SQLException ex) {
            log.debug("Not closed", ex);
        }
    }

}
