package dev.dejavu.testing;

import java.util.concurrent.atomic.AtomicLong;

import dev.dejavu.cache.CacheKey;

/**
 * Keys that no other test uses.
 */
public final class Keys {

    private static final AtomicLong count = new AtomicLong();

    private Keys() {
    }

    public static CacheKey next() {
        return CacheKey.hashOf("test " + count.incrementAndGet());
    }

}
