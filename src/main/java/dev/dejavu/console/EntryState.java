package dev.dejavu.console;

import java.util.Locale;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.VerifiableEntry;

/**
 * How far an entry is to be believed.
 */
enum EntryState {

    /** Verified within its freshness lifetime; or nothing could verify it. */
    FRESH,

    /** Served, but to be verified again. */
    STALE,

    /** Not served before it is verified again. */
    INVALIDATED;

    static EntryState of(CacheEntry entry) {
        if (entry instanceof VerifiableEntry verifiable && verifiable.verification().isInvalidated()) {
            return INVALIDATED;
        }
        return isStale(entry) ? STALE : FRESH;
    }

    /** An entry that is marked is its own stale one. */
    private static boolean isStale(CacheEntry entry) {
        return entry.asStale().equals(entry);
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

}
