package dev.dejavu.cache;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * Observes the caches, each event after it has happened. Must be quick: the caller waits.
 */
public interface CacheObserver {

    /** Keys were looked up, for a caller and not for a page about them. */
    default void onLookup(Lookup lookup) {
    }

    /** A caller stored an entry, or let it be resolved. Its author is that caller. */
    default void onWrite(String cache, PutResult<?> result) {
    }

    /** An entry was removed by no caller: its registry does not have it. */
    default void onRefuted(String cache, CacheEntry entry, String reason) {
    }

    /** A registry has an entry, as its check found out. */
    default void onConfirmed(String cache, VerifiableEntry entry) {
    }

    /**
     * A registry sent events, which may have made entries untrue.
     * @param webhook that received them
     */
    default void onRegistryEvents(String webhook, List<RegistryEvent> events) {
    }

    /**
     * A caller took back an entry.
     * @param isRemoved whether it was removed, as nothing can confirm it again
     * @param reason of the caller, if it gave one
     */
    default void onInvalidate(String cache, CacheEntry entry, boolean isRemoved, @Nullable String reason) {
    }

    /**
     * A caller removed a key.
     * @param entry that it had, if there was one
     */
    default void onRemove(String cache, CacheKey key, @Nullable CacheEntry entry) {
    }

    /**
     * A caller removed many entries; or they are still being removed, and the end will be
     * told as well.
     * @param author the name of the caller
     */
    default void onRemoveAll(String cache, Removed removed, @Nullable String author) {
    }

    /** Somebody took, lost or gave back a lease. */
    default void onLease(String cache, LeaseEvent event) {
    }

    /** Expired rows were deleted. */
    default void onPrune(String cache, int rows) {
    }

}
