package dev.dejavu.verification;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.dejavu.cache.Watermark;

/**
 * Replaces the older half of the watermarks where there are too many, in the background
 * and in short steps, so that no event waits for it. It costs checks: what was verified
 * before the youngest of them is verified once more.
 */
final class WatermarkFolding {

    private static final Logger log = LoggerFactory.getLogger(WatermarkFolding.class);

    /** Of one repository; twice those of the largest request. */
    static final int MAX_OF_REPOSITORY = 20_000;

    /** Of all repositories: some 30 MB, and a second to load. */
    static final int MAX_OF_ALL = 100_000;

    /** Watermarks in one transaction, which others wait for. */
    private static final int STEP = 1000;

    private final Watermarks watermarks;

    private final Set<String> waiting = new LinkedHashSet<>();

    private boolean running;

    WatermarkFolding(Watermarks watermarks) {
        this.watermarks = watermarks;
    }

    private static int limit(String repository) {
        return repository.equals(Watermark.EVERYTHING) ? MAX_OF_ALL : MAX_OF_REPOSITORY;
    }

    /** Starts, where what was raised made too many. */
    synchronized void start(List<Watermark> raised) {
        raised.forEach((mark) -> add(mark.repository()));
        add(Watermark.EVERYTHING);
        if (!running && !waiting.isEmpty()) {
            running = true;
            Thread.ofVirtual().name("watermarks").start(this::run);
        }
    }

    private void add(String repository) {
        if (watermarks.size(repository) > limit(repository)) {
            waiting.add(repository);
        }
    }

    private void run() {
        for (String repository = next(); repository != null; repository = next()) {
            try {
                fold(repository);
            }
            catch (RuntimeException ex) {
                log.debug("Watermarks of {} not folded: the next event will", repository, ex);
            }
        }
    }

    /** Rests four times as long as it works. */
    private void fold(String repository) {
        long begin = System.nanoTime();
        while (watermarks.size(repository) > limit(repository) / 2 && watermarks.fold(repository, STEP)) {
            LockSupport.parkNanos(4 * (System.nanoTime() - begin));
            begin = System.nanoTime();
        }
        log.info("Very many events of {}: what was verified before the older half of them is checked again",
                repository.equals(Watermark.EVERYTHING) ? "all registries" : repository);
    }

    private synchronized @Nullable String next() {
        Iterator<String> repositories = waiting.iterator();
        running = repositories.hasNext();
        if (!running) {
            return null;
        }
        String next = repositories.next();
        repositories.remove();
        return next;
    }

}
