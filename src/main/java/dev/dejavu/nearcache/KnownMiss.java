package dev.dejavu.nearcache;

import java.util.Optional;

import dev.dejavu.cache.CacheEntry;

/**
 * A key that had no live entry. It can have one only by a change, or by a clock that is
 * set back.
 */
final class KnownMiss extends NearRead {

    /** Estimated bytes of heap, with its key. */
    private static final int WEIGHT = 300;

    KnownMiss(int version, Epoch epoch) {
        super(version, epoch);
    }

    @Override
    int weight() {
        return WEIGHT;
    }

    @Override
    boolean isOf(Optional<? extends CacheEntry> stored) {
        return stored.isEmpty();
    }

}
