package dev.dejavu.nearcache;

import java.util.Optional;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.ChangeFeed;

/**
 * What a key had when it was read: an entry, or none.
 */
abstract sealed class NearRead permits NearCacheEntry, KnownMiss {

    private final int version;

    private final Epoch epoch;

    private final long readAt = System.nanoTime();

    NearRead(int version, Epoch epoch) {
        this.version = version;
        this.epoch = epoch;
    }

    /** The version of its key when it was read. */
    final int version() {
        return version;
    }

    /** In which it began to be read. */
    final Epoch epoch() {
        return epoch;
    }

    /** In nanoseconds. */
    final long age() {
        return System.nanoTime() - readAt;
    }

    /** When it was known to be current for the last time, as {@link System#nanoTime}. */
    final long currentAsOf(ChangeFeed changes) {
        long asOf = epoch.currentAsOf(changes);
        return (asOf - readAt > 0) ? asOf : readAt;
    }

    /** Estimated bytes of heap. */
    abstract int weight();

    /** Whether the database still says the same. */
    abstract boolean isOf(Optional<? extends CacheEntry> stored);

    /**
     * A time in which no change was missed.
     */
    static final class Epoch {

        /** {@code null} while it lasts. */
        private volatile @Nullable Long end;

        void end(long asOf) {
            end = asOf;
        }

        long currentAsOf(ChangeFeed changes) {
            Long ended = end;
            return (ended != null) ? ended : changes.currentAsOf();
        }

    }

}
