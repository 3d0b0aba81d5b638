package dev.dejavu.testing;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.Cost;
import dev.dejavu.cache.KeyParts;

/**
 * An entry of tests that never expires and has a key and a value only, unless a test says
 * more.
 */
public interface PlainEntry extends CacheEntry {

    @Override
    default @Nullable KeyParts parts() {
        return null;
    }

    @Override
    default @Nullable Cost cost() {
        return null;
    }

    @Override
    default Instant createdAt() {
        return Instant.EPOCH;
    }

    @Override
    default Instant expiresAt() {
        return Instant.MAX;
    }

    @Override
    default @Nullable String writtenBy() {
        return null;
    }

    @Override
    default CacheEntry withWrittenBy(@Nullable String name) {
        return this;
    }

    @Override
    default CacheEntry asStale() {
        return this;
    }

}
