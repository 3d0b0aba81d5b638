package dev.dejavu.lease;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheEntry;

/**
 * What somebody who asks for a lease is told.
 *
 * @param <E> the entry
 */
public sealed interface LeaseAnswer<E extends CacheEntry> {

    /** It is here: there is nothing to build. */
    record Here<E extends CacheEntry>(E entry) implements LeaseAnswer<E> {
    }

    /** It is yours to build. */
    record Yours<E extends CacheEntry>(Lease lease) implements LeaseAnswer<E> {
    }

    /**
     * Somebody else builds it.
     *
     * @param lease {@code null} where it has ended meanwhile
     * @param expectedAt when it should be there, by what earlier builds took
     */
    record Another<E extends CacheEntry>(@Nullable Lease lease,
            @Nullable Instant expectedAt) implements LeaseAnswer<E> {
    }

}
