package dev.dejavu.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the path of an SQLite file still leads to the one that was opened.
 */
final class OpenedFile {

    private static final Logger log = LoggerFactory.getLogger(OpenedFile.class);

    private final Path path;

    private final Path writeAheadLog;

    private final Runnable onLoss;

    /** What the operating system knows the open file by; not the same as its path. */
    private volatile @Nullable Object key;

    private volatile @Nullable Object logKey;

    private volatile boolean lost;

    /**
     * A file that is not open yet.
     * @param onLoss runs when it is replaced or deleted
     */
    OpenedFile(Path path, Runnable onLoss) {
        this.path = path;
        this.writeAheadLog = SqliteFile.beside(path, "-wal");
        this.onLoss = onLoss;
    }

    /** Remembers which file a connection has opened. */
    void remember() {
        key = (key != null) ? key : key(path);
        logKey = key(writeAheadLog);
    }

    /** Whether it was replaced or deleted. */
    synchronized boolean isLost() {
        if (!lost && key != null && !key.equals(key(path))) {
            lost = true;
            log.error("{} was replaced or deleted while it was in use: every write is 503, as it would be lost;"
                    + " the next start takes the file that is there then", path);
            dropLog();
            onLoss.run();
        }
        return lost;
    }

    /** SQLite would take the log of the file that is gone for that of the new one. */
    private void dropLog() {
        Object known = logKey;
        if (known == null || !known.equals(key(writeAheadLog))) {
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

    /** {@code null} where there is no file, or the system has no keys. */
    private static @Nullable Object key(Path path) {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        }
        catch (IOException ex) {
            return null;
        }
    }

}
