package dev.dejavu.cache;

import java.time.Instant;
import java.util.Locale;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonValue;
import org.jspecify.annotations.Nullable;

/**
 * The last verification of an entry.
 *
 * @param verifiedAt in milliseconds; before 1970 while the entry is invalidated, another
 * time for each invalidation
 * @param verifiedBy who verified it
 * @param manifestDigest of the manifest that the registry had, as in {@code sha256:…};
 * unknown when a client verified the entry
 */
public record Verification(@JsonIgnore Instant verifiedAt, By verifiedBy, @Nullable String manifestDigest) {

    /**
     * Who can verify an entry; in lower case in JSON and in the database.
     */
    public enum By {

        /** The client that stored it, whose word it is. */
        CLIENT,

        /** The registry itself, when this service asked it. */
        REGISTRY;

        @JsonValue
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }

    }

    /** Whether the registry sent an event that may have made the entry untrue. */
    @JsonIgnore
    public boolean isInvalidated() {
        return verifiedAt.toEpochMilli() < 0;
    }

    /** {@code verifiedAt}, unless the entry is invalidated. */
    @JsonProperty("verified_at")
    @Nullable Instant publicVerifiedAt() {
        return isInvalidated() ? null : verifiedAt;
    }

    /**
     * The same, invalidated once more: a check that began before it comes too late.
     * @param at the time of the invalidation
     */
    public Verification invalidated(Instant at) {
        long millis = isInvalidated() ? verifiedAt.toEpochMilli() - 1 : -at.toEpochMilli();
        return new Verification(Instant.ofEpochMilli(millis), verifiedBy, manifestDigest);
    }

    public static Verification byClient(Instant at) {
        return new Verification(at, By.CLIENT, null);
    }

    public static Verification byRegistry(Instant at, @Nullable String digest) {
        return new Verification(at, By.REGISTRY, digest);
    }

}
