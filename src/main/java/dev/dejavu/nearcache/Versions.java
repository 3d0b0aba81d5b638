package dev.dejavu.nearcache;

import java.util.concurrent.atomic.AtomicIntegerArray;

import dev.dejavu.cache.CacheKey;

/**
 * A sequence lock per key: tells a read before a change from one after it, without
 * blocking. Keys share counters by their hash, so now and then an unchanged key counts as
 * changed.
 */
final class Versions {

    /** The version of a read during a change, which is never current. */
    static final int NONE = -1;

    /**
     * With so many, writes of a hundred thousand other keys leave most entries current.
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

    /** A change of the key begins: earlier reads are not current any more. */
    void begin(CacheKey key) {
        step(begun, counter(key));
    }

    /** The change is over: later reads can be current. */
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
        int hash = key.hashCode();
        return (hash ^ (hash >>> 18)) & (COUNTERS - 1);
    }

}
