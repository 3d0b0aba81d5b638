package dev.dejavu.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.ProgressHandler;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * The file of an embedded database. While it is open, no other process may open it; a
 * damaged one is moved aside, as all that it holds can be found out again. A large one is
 * not looked through to its end for that, unless damage was met while it was used.
 */
final class SqliteFile implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(SqliteFile.class);

    /** Milliseconds to wait for another process, such as a backup, to unlock the file. */
    static final int BUSY = 400;

    /** Pages and instructions between two looks at the clock. */
    private static final int STEP = 100;

    private static final String PREFIX = "jdbc:sqlite:";

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss.SSS'Z'")
        .withZone(ZoneOffset.UTC);

    private final Path path;

    /** Locked while the file is open; not empty when damage was met. */
    private final FileChannel lock;

    private SqliteFile(Path path, FileChannel lock) {
        this.path = path;
        this.lock = lock;
    }

    /**
     * Whether it is the URL of a file: databases in memory have one content per
     * connection.
     */
    static boolean isUrl(String url) {
        return url.matches(PREFIX + "(?!:|file:|\\s*$)[^?]+");
    }

    /**
     * Makes the folder where it is missing, takes the file, and sees to it that it is
     * sound.
     * @param look how long to look for damage that nobody has met yet
     * @throws IOException when the folder or the file is not to be had; the message says
     * why
     */
    static SqliteFile open(String url, Clock clock, Duration look) throws IOException {
        Path path = Path.of(url.substring(PREFIX.length()).replaceFirst("^~(?=/)", System.getProperty("user.home")))
            .toAbsolutePath();
        Files.createDirectories(path.getParent());
        FileChannel lock = lock(path.resolveSibling(path.getFileName() + ".lock"));
        SqliteFile file = new SqliteFile(path, lock);
        try {
            String damage = file.damage((lock.size() > 0) ? Long.MAX_VALUE : look.toNanos());
            if (damage != null) {
                file.moveAside(TIME.format(clock.instant()), damage);
            }
            lock.truncate(0);
            return file;
        }
        catch (IOException ex) {
            lock.close();
            throw ex;
        }
    }

    private static FileChannel lock(Path path) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock;
        try {
            lock = channel.tryLock();
        }
        catch (OverlappingFileLockException ex) {
            lock = null;
        }
        if (lock == null) {
            channel.close();
            throw new IOException("another Dejavu uses it; several processes can share PostgreSQL only");
        }
        return channel;
    }

    private @Nullable String damage(long nanos) throws IOException {
        long begin = System.nanoTime();
        try (Connection connection = dataSource().getConnection(); Statement statement = connection.createStatement()) {
            ProgressHandler.setHandler(connection, STEP, new ProgressHandler() {

                @Override
                protected int progress() {
                    return (System.nanoTime() - begin < nanos) ? 0 : 1;
                }

            });
            try (ResultSet result = statement.executeQuery("pragma quick_check(1)")) {
                String verdict = result.next() ? result.getString(1) : "no verdict";
                return verdict.equals("ok") ? null : verdict;
            }
        }
        catch (SQLException ex) {
            if (isDamage(ex)) {
                return ex.getMessage();
            }
            if (is(ex, SQLiteErrorCode.SQLITE_INTERRUPT)) {
                log.info("{} is large: looked for damage in a part of it only", path);
                return null;
            }
            throw new IOException(ex.getMessage(), ex);
        }
    }

    private static boolean isDamage(SQLException ex) {
        return is(ex, SQLiteErrorCode.SQLITE_CORRUPT) || is(ex, SQLiteErrorCode.SQLITE_NOTADB);
    }

    private static boolean is(SQLException ex, SQLiteErrorCode code) {
        // extended codes carry the primary one in their lowest byte
        return ex instanceof SQLiteException own && (own.getResultCode().code & 0xff) == code.code;
    }

    /**
     * Whether it tells of damage; if so, the next one who opens the file looks through it
     * to its end.
     */
    boolean tellsOfDamage(SQLException ex) {
        if (!isDamage(ex)) {
            return false;
        }
        try {
            lock.write(ByteBuffer.wrap(new byte[1]), 0);
        }
        catch (IOException unwritten) {
            ex.addSuppressed(unwritten);
        }
        return true;
    }

    private void moveAside(String time, String damage) throws IOException {
        Path aside = path.resolveSibling(path.getFileName() + ".damaged-" + time);
        for (String suffix : new String[] { "", "-wal", "-shm" }) {
            Path part = path.resolveSibling(path.getFileName() + suffix);
            if (Files.exists(part)) {
                Files.move(part, aside.resolveSibling(aside.getFileName() + suffix));
            }
        }
        log.warn("{} is damaged ({}): moved to {}, beginning a new one", path, damage, aside);
    }

    /**
     * Connections for a server: a write-ahead log, so that readers and the writer never
     * wait for each other. A commit reaches the operating system, and so survives this
     * process; only the log's checkpoints wait for the disk.
     */
    SQLiteDataSource dataSource() {
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.NORMAL);
        config.setBusyTimeout(BUSY);
        config.setJournalSizeLimit(64 * 1024 * 1024);
        // Pages, of 4 KiB: four times as seldom as usual, so that most are written to
        // again before they are copied.
        config.setPragma(SQLiteConfig.Pragma.WAL_AUTOCHECKPOINT, "4000");
        SQLiteDataSource dataSource = new SQLiteDataSource(config);
        dataSource.setUrl(PREFIX + path);
        return dataSource;
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }

}
