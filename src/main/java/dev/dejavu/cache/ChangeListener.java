package dev.dejavu.cache;

import java.util.List;

/**
 * Learns what changes in the database, by any instance or by hand, after it has happened.
 */
public interface ChangeListener {

    /** Rows of these keys were written. */
    void onChange(String cache, List<CacheKey> keys);

    /** Rows of these keys were deleted. */
    default void onRemoved(String cache, List<CacheKey> keys) {
        onChange(cache, keys);
    }

    /** A watermark was raised; the one with the next number comes next. */
    default void onWatermark(Watermark watermark) {
        // Most listen only to what changes in caches.
    }

    /** Somebody took a lease of this key. */
    default void onLeaseTaken(CacheKey key) {
        // Only those who wait for leases listen.
    }

    /** A lease of this key has ended. */
    default void onLeaseEnded(CacheKey key) {
        // likewise
    }

    /** Changes may have been missed, as when the database was away. */
    default void onInterruption() {
        onReset();
    }

    /** Anything may have changed. */
    void onReset();

}
