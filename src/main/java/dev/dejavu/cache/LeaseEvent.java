package dev.dejavu.cache;

import org.jspecify.annotations.Nullable;

/**
 * What happened to a lease.
 *
 * @param parts of the key; {@code null} where they are not known any more
 * @param value that is being built; {@code null} likewise
 * @param holder as it calls itself; {@code null} if it does not
 * @param author the name of the caller; {@code null} for an anonymous one
 */
public record LeaseEvent(Kind kind, CacheKey key, @Nullable KeyParts parts, @Nullable String value,
        @Nullable String holder, @Nullable String author) {

    /**
     * Kinds of events.
     */
    public enum Kind {

        /** Somebody builds it now. */
        TAKEN,

        /** Somebody else builds it too, as the first one takes long. */
        HEDGED,

        /** Its holder does not build it any more. */
        GIVEN_BACK,

        /** Its holder came to renew it too late. */
        LOST

    }

}
