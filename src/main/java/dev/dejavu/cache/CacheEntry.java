package dev.dejavu.cache;

import java.time.Instant;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * One record is the row, the model and the JSON.
 */
public interface CacheEntry {

    CacheKey key();

    /** The overlay that it is in; absent in the base. */
    @JsonProperty
    default @Nullable String overlay() {
        return key().overlayOrNull();
    }

    /** The parts of the key, if the writer sent them. */
    @Nullable KeyParts parts();

    /** The cached value, such as an image URI. */
    String value();

    /** Whether another entry says the same. */
    default boolean hasValueOf(CacheEntry other) {
        return value().equals(other.value());
    }

    /** What it cost to find it out or to make it, if a writer said so. */
    @Nullable Cost cost();

    Instant createdAt();

    Instant expiresAt();

    /** The author, if it is known and the caller may see it. */
    @Nullable String writtenBy();

    /** The same entry by another author. */
    CacheEntry withWrittenBy(@Nullable String name);

    /** The same entry, marked as stale; itself if it is so already. */
    CacheEntry asStale();

    /** As {@link #withWrittenBy}, of the class that the entry has. */
    // What an entry makes of itself is an entry of the same class.
    @SuppressWarnings("unchecked")
    static <E extends CacheEntry> E writtenBy(E entry, @Nullable String name) {
        return (E) entry.withWrittenBy(name);
    }

    /** As {@link #asStale}, of the class that the entry has. */
    @SuppressWarnings("unchecked")
    static <E extends CacheEntry> E stale(E entry) {
        return (E) entry.asStale();
    }

}
