package dev.dejavu.storage;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

import static java.nio.file.attribute.PosixFilePermissions.asFileAttribute;
import static java.nio.file.attribute.PosixFilePermissions.fromString;

/**
 * The file of an embedded database. While it is open, no other process may open it. A
 * damaged one is moved aside, as everything in it can be found out again.
 */
final class SqliteFile implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(SqliteFile.class);

    /** Milliseconds to wait for another process, such as a backup, to unlock the file. */
    static final int BUSY_TIMEOUT = 400;

    /**
     * How many pages, of 4 KiB, the log has before a checkpoint. Twice the default, so
     * that many are written again before they are copied.
     */
    static final int LOG_PAGES = 2000;

    /** Where {@link SqliteCheckpoints} comes too late, a commit waits for one. */
    private static final int MAX_LOG_PAGES = 4 * LOG_PAGES;

    private static final Pattern NETWORK_DRIVE = Pattern
        .compile("(?i)nfs\\d*|cifs|smb.*|afpfs|afs|ceph|davfs|webdav|lustre|gpfs|beegfs|gfs2|ocfs2|orangefs"
                + "|fuse\\.(sshfs|s3fs|rclone|gcsfuse|glusterfs|ceph.*|juicefs|blobfuse.*|goofys|mountpoint-s3|mfs)");

    private static final Duration WATCH_DELAY = Duration.ofSeconds(1);

    /** Of the search for damage while the file is in use. */
    private static final Duration SEARCH_TIMEOUT = Duration.ofSeconds(2);

    private static final String OVERWRITTEN = "overwritten or truncated while it was in use";

    private static final String PREFIX = "jdbc:sqlite:";

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss.SSS'Z'")
        .withZone(ZoneOffset.UTC);

    private final Path path;

    private final FileChannel lock;

    private final SqliteDamage damage;

    private final DiskReserve reserve;

    private final SQLiteDataSource dataSource;

    private final Runnable onLoss;

    /** {@code null} before the first connection. */
    private volatile @Nullable OpenedFile opened;

    private volatile @Nullable SqliteCheckpoints checkpoints;

    /** How often the thread that writes has found it intact. */
    private final AtomicLong writes = new AtomicLong();

    private SqliteFile(Path path, FileChannel lock, SqliteDamage damage, DiskReserve reserve, Runnable onDamage) {
        this.path = path;
        this.lock = lock;
        this.reserve = reserve;
        this.damage = damage;
        this.onLoss = onDamage;
        this.dataSource = dataSource(path);
    }

    /**
     * Whether it is the URL of a file: a database in memory has other content in each
     * connection.
     */
    static boolean isUrl(String url) {
        return url.matches(PREFIX + "(?!:|file:|\\s*$)[^?]+");
    }

    /**
     * Creates the folder where it is missing, locks the file, and moves a damaged one
     * aside.
     * @param checkTimeout of the search for damage
     * @param onDamage runs each time that a statement meets damage in the open file, and
     * when that is replaced, deleted or overwritten
     * @throws IOException when the folder or the file is not available; the message says
     * why
     */
    static SqliteFile open(String url, Clock clock, Duration checkTimeout, Runnable onDamage) throws IOException {
        Path path = Path.of(url.substring(PREFIX.length()).replaceFirst("^~(?=/)", System.getProperty("user.home")))
            .toAbsolutePath();
        createPrivately(path);
        FileStore disk = Files.getFileStore(path);
        requireLocal(disk);
        FileChannel lock = lock(beside(path, ".lock"));
        try {
            DiskReserve reserve = new DiskReserve(beside(path, ".reserve"), disk);
            if (!reserve.isHeld()) {
                reserve.take();
            }
            SqliteFile file = new SqliteFile(path, lock, new SqliteDamage(path, onDamage), reserve, onDamage);
            String found = file.damage.find(file.dataSource, checkTimeout);
            if (found != null) {
                file.moveAside(TIME.format(clock.instant()), found);
            }
            file.damage.clear();
            return file;
        }
        catch (IOException ex) {
            lock.close();
            throw ex;
        }
    }

    /**
     * Creates the folder and the file for this user alone, where they are missing: the
     * tokens of a team, if only their hashes, concern no other user. SQLite gives the
     * files beside it the same permissions.
     */
    private static void createPrivately(Path path) throws IOException {
        boolean posix = path.getFileSystem().supportedFileAttributeViews().contains("posix");
        Files.createDirectories(path.getParent(),
                posix ? new FileAttribute<?>[] { asFileAttribute(fromString("rwx------")) } : new FileAttribute<?>[0]);
        if (posix && Files.notExists(path)) {
            Files.createFile(path, asFileAttribute(fromString("rw-------")));
        }
    }

    /**
     * Refuses a network drive: locks are lost there, and SQLite's write-ahead log is
     * memory that only the programs of one machine share.
     */
    static void requireLocal(FileStore store) throws IOException {
        if (NETWORK_DRIVE.matcher(store.type()).matches()) {
            throw new IOException("it is on a network drive, " + store.type()
                    + ", which SQLite cannot use; PostgreSQL can be shared");
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

    private void moveAside(String time, String found) throws IOException {
        Path aside = beside(path, ".damaged-" + time);
        for (String suffix : new String[] { "", "-wal", "-shm" }) {
            Path part = beside(path, suffix);
            if (Files.exists(part)) {
                Files.move(part, beside(aside, suffix));
            }
        }
        log.warn("{} is damaged ({}): moved to {}, creating a new one", path, found, aside);
    }

    /** A file beside another, with a longer name. */
    static Path beside(Path path, String suffix) {
        return path.resolveSibling(path.getFileName() + suffix);
    }

    SqliteDamage damage() {
        return damage;
    }

    DiskReserve reserve() {
        return reserve;
    }

    /**
     * A connection for a server: a write-ahead log, so that readers and the writer never
     * wait for each other. A commit reaches the operating system, and so survives this
     * process; only the log's checkpoints wait for the disk.
     */
    Connection connect() throws SQLException {
        requireKept();
        try {
            remember();
            return dataSource.getConnection();
        }
        catch (SQLException ex) {
            damage.report(ex);
            throw ex;
        }
    }

    private synchronized void remember() throws SQLException {
        if (opened == null) {
            OpenedFile file = OpenedFile.of(path, dataSource.getConnection(), onLoss);
            checkpoints = SqliteCheckpoints.start(file, writes::get);
            opened = file;
        }
    }

    /**
     * Checks that what is written now would be there after a restart. Only the thread
     * that writes may ask.
     * @throws SQLException once the path does not lead to the open file any more, that
     * was overwritten, or damage was met
     */
    void requireIntact() throws SQLException {
        OpenedFile file = opened;
        if (file != null && !damage.isMet() && file.isShorter()) {
            damage.mark(OVERWRITTEN);
        }
        requireKept();
        writes.incrementAndGet();
    }

    /** Ends the checkpoint that is almost done. Only the thread that writes may ask. */
    void finishCheckpoint() {
        SqliteCheckpoints begun = checkpoints;
        if (begun != null) {
            begun.finish();
        }
    }

    private void requireKept() throws SQLException {
        String loss = loss();
        if (loss != null) {
            throw new SQLException(path + loss);
        }
    }

    private @Nullable String loss() {
        OpenedFile file = opened;
        if (file != null && file.isLost()) {
            return " or its log was replaced or deleted while it was in use";
        }
        if (file != null && !damage.isMet() && file.isOverwritten()) {
            damage.mark(OVERWRITTEN);
        }
        return damage.isMet() ? " is damaged" : null;
    }

    /**
     * Looks each second, until it is closed. What has changed the file may have damaged
     * it: in the first second without writes it is searched.
     */
    void watch() {
        Thread.ofPlatform().name("sqlite-file").daemon().start(() -> {
            FileTime changed = FileTime.fromMillis(0);
            while (lock.isOpen() && loss() == null) {
                long before = writes.get();
                LockSupport.parkNanos(WATCH_DELAY.toNanos());
                reserve.take();
                FileTime now = OpenedFile.changed(path);
                if (before > 0 && before == writes.get() && !now.equals(changed)) {
                    changed = now;
                    searchDamage();
                }
            }
        });
    }

    private void searchDamage() {
        try {
            String found = damage.find(dataSource, SEARCH_TIMEOUT);
            if (found != null && lock.isOpen()) {
                damage.mark(found);
            }
        }
        catch (IOException ex) {
            log.debug("Not searched", ex);
        }
    }

    private static SQLiteDataSource dataSource(Path path) {
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.NORMAL);
        config.setBusyTimeout(BUSY_TIMEOUT);
        config.setJournalSizeLimit(64 * 1024 * 1024);
        config.setPragma(SQLiteConfig.Pragma.WAL_AUTOCHECKPOINT, String.valueOf(MAX_LOG_PAGES));
        SQLiteDataSource dataSource = new SQLiteDataSource(config);
        dataSource.setUrl(PREFIX + path);
        return dataSource;
    }

    @Override
    public void close() throws IOException {
        try (lock) {
            OpenedFile file = opened;
            if (file != null) {
                opened = null;
                Objects.requireNonNull(checkpoints).close();
                file.close();
            }
        }
    }

}
