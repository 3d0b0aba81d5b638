package dev.dejavu.nearcache;

import java.util.concurrent.atomic.AtomicIntegerArray;

import dev.dejavu.cache.CacheKey;

/**
 * Tells what was read before a change from what was read after it, without a lock. Keys
 * share counters by their hash, so now and then one is taken for changed that was not.
 */
final class Versions {

    /** What was read during a change is never current. */
    static final int NONE = -1;

    /**
     * Writes of a hundred thousand other keys must not make most of what is kept useless.
     */
    private static final int COUNTERS = 1 << 18;

    private final AtomicIntegerArray begun = new AtomicIntegerArray(COUNTERS);

    private final AtomicIntegerArray ended = new AtomicIntegerArray(COUNTERS);

    /**
     * The version of a key, to be taken before it is read.
     */
    int of(CacheKey key) {
        int counter = counter(key);
        int version = begun.get(counter);
        return (ended.get(counter) == version) ? version : NONE;
    }

    /** Whether no change of the key has begun since it had this version. */
    boolean isCurrent(CacheKey key, int version) {
        return begun.get(counter(key)) == version;
    }

    /** A change of the key begins: what was read until now counts no more. */
    void begin(CacheKey key) {
        step(begun, counter(key));
    }

    /** The change is over: what is read from now on counts. */
    void end(CacheKey key) {
        step(ended, counter(key));
    }

    void beginAll() {
        for (int counter = 0; counter < COUNTERS; counter++) {
            step(begun, counter);
        }
    }

    void endAll() {
        for (int counter = 0; counter < COUNTERS; counter++) {
            step(ended, counter);
        }
    }

    /** Never to {@link #NONE}, however many changes there are. */
    private static void step(AtomicIntegerArray counters, int counter) {
        counters.updateAndGet(counter, (count) -> (count + 1) & Integer.MAX_VALUE);
    }

    private static int counter(CacheKey key) {
        int hash = key.hex().hashCode();
        return (hash ^ (hash >>> 18)) & (COUNTERS - 1);
    }

}
