package dev.dejavu.storage;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that takes up some of the disk, to be deleted when the disk is full: without any
 * room SQLite can neither save its log to the database nor delete a row.
 */
final class DiskReserve {

    private static final Logger log = LoggerFactory.getLogger(DiskReserve.class);

    /**
     * By so much the pages of a log, twice its usual length, can make the database grow.
     */
    private static final long MAX_SIZE = 2 * SqliteFile.LOG_PAGES * 4096L;

    /** What is written at once, as a small heap has no room for all of it. */
    private static final int PART = 64 * 1024;

    private static final Duration RETRY_DELAY = Duration.ofSeconds(10);

    private final Path path;

    private final FileStore disk;

    private final long size;

    private volatile boolean held;

    private long nextAttempt = System.nanoTime();

    /**
     * A reserve, which is held where an earlier process has left it.
     * @param disk the one of the path
     */
    DiskReserve(Path path, FileStore disk) throws IOException {
        this.path = path;
        this.disk = disk;
        this.size = Math.min(MAX_SIZE, disk.getTotalSpace() / 8);
        this.held = Files.exists(path) && Files.size(path) == size;
    }

    /** Whether it is held; gives it up on a full disk. */
    boolean isHeld() {
        if (held && free() < size / 4) {
            release();
        }
        return held;
    }

    /** Takes it where the disk has room for two. */
    synchronized void take() {
        if (held || free() < 2 * size || System.nanoTime() - nextAttempt < 0) {
            return;
        }
        try (OutputStream file = Files.newOutputStream(path)) {
            for (long left = size; left > 0; left -= PART) {
                byte[] part = new byte[(int) Math.min(PART, left)];
                // Some file systems store nothing for zeros.
                ThreadLocalRandom.current().nextBytes(part);
                file.write(part);
            }
            held = true;
        }
        catch (IOException ex) {
            log.debug("No reserve", ex);
            nextAttempt = System.nanoTime() + RETRY_DELAY.toNanos();
            release();
        }
    }

    private long free() {
        try {
            return disk.getUsableSpace();
        }
        catch (IOException ex) {
            log.debug("Unknown how much room {} has", disk, ex);
            return held ? Long.MAX_VALUE : 0;
        }
    }

    /** Gives it up. */
    synchronized void release() {
        held = false;
        try {
            Files.deleteIfExists(path);
        }
        catch (IOException ex) {
            log.warn("{} takes up room on a full disk: {}", path, ex.toString());
        }
    }

}
