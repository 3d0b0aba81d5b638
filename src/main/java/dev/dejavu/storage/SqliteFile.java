package dev.dejavu.storage;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
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
 * not looked through to its end for that; damage that is met while it is used is noted
 * beside it for the next who opens it.
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

    private final FileChannel lock;

    private final Runnable damageMet;

    private final SQLiteDataSource dataSource;

    private SqliteFile(Path path, FileChannel lock, Runnable damageMet) {
        this.path = path;
        this.lock = lock;
        this.damageMet = damageMet;
        this.dataSource = dataSource(path);
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
     * @param look how long to look for damage at most
     * @param damageMet told each time that damage is met in the open file
     * @throws IOException when the folder or the file is not to be had; the message says
     * why
     */
    static SqliteFile open(String url, Clock clock, Duration look, Runnable damageMet) throws IOException {
        Path path = Path.of(url.substring(PREFIX.length()).replaceFirst("^~(?=/)", System.getProperty("user.home")))
            .toAbsolutePath();
        Files.createDirectories(path.getParent());
        FileChannel lock = lock(path.resolveSibling(path.getFileName() + ".lock"));
        SqliteFile file = new SqliteFile(path, lock, damageMet);
        try {
            String damage = Files.exists(file.note()) ? "met while it was used" : file.damage(look.toNanos());
            if (damage != null) {
                file.moveAside(TIME.format(clock.instant()), damage);
            }
            Files.deleteIfExists(file.note());
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
        try (Connection connection = dataSource.getConnection(); Statement statement = connection.createStatement()) {
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

    private static boolean isDamage(Throwable ex) {
        return is(ex, SQLiteErrorCode.SQLITE_CORRUPT) || is(ex, SQLiteErrorCode.SQLITE_NOTADB);
    }

    private static boolean is(Throwable ex, SQLiteErrorCode code) {
        // extended codes carry the primary one in their lowest byte
        return ex instanceof SQLiteException own && (own.getResultCode().code & 0xff) == code.code;
    }

    /** A file of no content, there when damage was met. */
    private Path note() {
        return path.resolveSibling(path.getFileName() + ".damage");
    }

    /**
     * If it tells of damage, the next one who opens the file moves it aside.
     */
    void noteDamage(Throwable failure) {
        Throwable cause = failure;
        while (cause != null && !isDamage(cause)) {
            cause = cause.getCause();
        }
        if (cause == null) {
            return;
        }
        try {
            Files.createFile(note());
            log.error("{} is damaged ({}): the next start moves it aside and begins a new one", path,
                    cause.getMessage());
        }
        catch (FileAlreadyExistsException noted) {
            // and said
        }
        catch (IOException ex) {
            log.error("{} is damaged ({}), which cannot be noted beside it", path, cause.getMessage(), ex);
        }
        damageMet.run();
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
     * A connection for a server: a write-ahead log, so that readers and the writer never
     * wait for each other. A commit reaches the operating system, and so survives this
     * process; only the log's checkpoints wait for the disk.
     */
    Connection connect() throws SQLException {
        try {
            return dataSource.getConnection();
        }
        catch (SQLException ex) {
            noteDamage(ex);
            throw ex;
        }
    }

    private static SQLiteDataSource dataSource(Path path) {
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
