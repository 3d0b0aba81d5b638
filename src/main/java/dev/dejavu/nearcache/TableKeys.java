package dev.dejavu.nearcache;

import java.util.List;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.dejavu.cache.BatchLoop;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheTable;
import dev.dejavu.nearcache.NearRead.Epoch;

/**
 * Tells keys without a row from those that may have one, by a filter over all keys of a
 * table. The filter is read from the table in the background, when the first key is
 * missed; meanwhile and from then on it gets each key that is written. So it never takes
 * a key with a row for one without.
 */
final class TableKeys {

    private static final Logger log = LoggerFactory.getLogger(TableKeys.class);

    private static final int MIN_CAPACITY = 1 << 18;

    /** Rows of one statement. */
    private static final int MAX_ROWS = 10_000;

    /** The next reading begins after so many times the duration of the last. */
    private static final int REST = 3;

    private final CacheTable<?> table;

    private final int maxCapacity;

    private volatile @Nullable Reading complete;

    private volatile @Nullable Reading incomplete;

    private volatile @Nullable Thread reader;

    private volatile long notBefore = System.nanoTime();

    /**
     * Nothing is known of the keys yet.
     * @param maxBytes of the filter, for each of two while one replaces the other
     */
    TableKeys(CacheTable<?> table, long maxBytes) {
        this.table = table;
        this.maxCapacity = KeyFilter.capacityOf(maxBytes);
    }

    /**
     * The miss that stands for all keys without a row.
     * @return {@code null} for a key that may have one
     */
    @Nullable KnownMiss miss(CacheKey key) {
        Reading reading = complete;
        return (reading == null || reading.filter.mayHave(key)) ? null : reading.miss;
    }

    /** Adds a key that was written, after that is committed. */
    void add(CacheKey key) {
        // In the order in which publish() writes them, so that no filter is left out.
        Reading filling = incomplete;
        if (filling != null) {
            filling.filter.add(key);
        }
        Reading reading = complete;
        if (reading != null && reading != filling) {
            reading.filter.add(key);
        }
    }

    /** Reads the keys behind the answers, unless that is done, or was tried just now. */
    void readBehindAnswers(Epoch epoch) {
        Reading reading = complete;
        boolean isGood = reading != null && reading.miss.epoch() == epoch && reading.filter.size() <= reading.enough;
        if (!isGood && reader == null && System.nanoTime() - notBefore > 0) {
            begin(epoch, (reading != null) ? reading.filter.capacity() : MIN_CAPACITY);
        }
    }

    private synchronized void begin(Epoch epoch, int capacity) {
        if (reader == null) {
            // The lock makes its end wait until it is known here.
            reader = Thread.ofPlatform().daemon().name("keys-" + table.name()).start(() -> read(epoch, capacity));
        }
    }

    private synchronized void end(long begin) {
        incomplete = null;
        long now = System.nanoTime();
        notBefore = now + REST * (now - begin);
        reader = null;
    }

    private void read(Epoch epoch, int firstCapacity) {
        long begin = System.nanoTime();
        try {
            int capacity = Math.min(firstCapacity, maxCapacity);
            while (!read(new Reading(capacity, epoch))) {
                capacity *= 2;
            }
        }
        catch (RuntimeException ex) {
            log.debug("The keys of {} were not read", table.name(), ex);
        }
        finally {
            end(begin);
        }
    }

    /**
     * Reads all keys.
     * @return whether the filter is large enough for twice as many, or not needed any
     * more
     */
    private boolean read(Reading reading) {
        incomplete = reading;
        KeyFilter filter = reading.filter;
        BatchLoop loop = new BatchLoop(MAX_ROWS, 1);
        CacheKey last = new CacheKey("");
        while (incomplete == reading && !loop.isOver() && !Thread.currentThread().isInterrupted()) {
            CacheKey after = last;
            List<CacheKey> keys = loop.next((rows) -> table.keys(after, rows));
            keys.forEach(filter::add);
            if (2 * filter.size() > filter.capacity() && filter.capacity() < maxCapacity) {
                return false;
            }
            last = keys.isEmpty() ? last : keys.getLast();
        }
        if (loop.isOver()) {
            publish(reading);
        }
        return true;
    }

    private synchronized void publish(Reading reading) {
        if (incomplete == reading) {
            reading.enough = Math.max(reading.filter.capacity(), 2 * reading.filter.size());
            complete = reading;
            incomplete = null;
        }
    }

    /** Gives up what is being read, as it misses changes. */
    synchronized void breakOff() {
        incomplete = null;
    }

    /** Forgets all keys, as others may have been added. */
    synchronized void forget() {
        incomplete = null;
        complete = null;
    }

    /** Estimated bytes of heap. */
    long bytes() {
        Reading reading = complete;
        return (reading != null) ? reading.filter.bytes() : 0;
    }

    void close() {
        Thread running = reader;
        if (running != null) {
            running.interrupt();
        }
    }

    /**
     * The keys as they are read.
     */
    private static final class Reading {

        private final KeyFilter filter;

        /** What every other key has. */
        private final KnownMiss miss;

        /** With more keys, of which many may be gone, it is read again. */
        private volatile long enough;

        Reading(int capacity, Epoch epoch) {
            this.filter = new KeyFilter(capacity);
            this.miss = new KnownMiss(Versions.NONE, epoch);
        }

    }

}
