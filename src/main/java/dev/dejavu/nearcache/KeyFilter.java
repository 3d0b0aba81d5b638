package dev.dejavu.nearcache;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

import dev.dejavu.cache.CacheKey;

/**
 * A Bloom filter of keys: it has every key that was added, and takes a few others for
 * such. All bits of a key are in one word, so that a question reads one place in memory.
 */
final class KeyFilter {

    /**
     * When it is full; half as full, about one of thirty other keys passes for one of it.
     */
    private static final int KEYS_PER_WORD = 16;

    private static final long MAX_BYTES = 1 << 28;

    private final AtomicLongArray words;

    private final LongAdder added = new LongAdder();

    /**
     * An empty filter.
     * @param capacity for how many keys, a power of two; with more it says less and less
     */
    KeyFilter(int capacity) {
        this.words = new AtomicLongArray(capacity / KEYS_PER_WORD);
    }

    /** For how many keys so many bytes are enough. */
    static int capacityOf(long bytes) {
        return (int) Long.highestOneBit(Math.clamp(bytes, (long) Long.BYTES, MAX_BYTES) * KEYS_PER_WORD / Long.BYTES);
    }

    void add(CacheKey key) {
        long hash = hash(key);
        long bits = bits(hash);
        if ((words.get(word(hash)) & bits) != bits) {
            words.accumulateAndGet(word(hash), bits, (before, more) -> before | more);
            added.increment();
        }
    }

    boolean mayHave(CacheKey key) {
        long hash = hash(key);
        long bits = bits(hash);
        return (words.get(word(hash)) & bits) == bits;
    }

    /** About how many keys it has. */
    long size() {
        return added.sum();
    }

    int capacity() {
        return words.length() * KEYS_PER_WORD;
    }

    long bytes() {
        return (long) words.length() * Long.BYTES;
    }

    private int word(long hash) {
        return (int) (hash >>> 32) & (words.length() - 1);
    }

    /** Four, of which some may be the same. */
    private static long bits(long hash) {
        return 1L << hash | 1L << (hash >>> 6) | 1L << (hash >>> 12) | 1L << (hash >>> 18);
    }

    /** Each bit of the hash code changes about half of the bits. */
    private static long hash(CacheKey key) {
        long hash = key.hashCode() * 0x9E3779B97F4A7C15L;
        hash = (hash ^ (hash >>> 32)) * 0xD6E8FEB86659FD93L;
        return hash ^ (hash >>> 32);
    }

}
