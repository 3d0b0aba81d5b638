package dev.dejavu.cache;

import java.time.Instant;
import java.util.Locale;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonValue;
import org.jspecify.annotations.Nullable;

/**
 * Since when an entry is known to be true.
 *
 * @param verifiedAt when it was last seen to be true, in milliseconds; before 1970 while
 * it is doubted, another time for each doubt
 * @param verifiedBy who saw it
 * @param manifestDigest what it led to then, as in {@code sha256:…}; only a registry says
 * it
 */
public record Verification(@JsonIgnore Instant verifiedAt, By verifiedBy, @Nullable String manifestDigest) {

    /**
     * Who can see it; in JSON and in the database in lower case.
     */
    public enum By {

        /** The writer, who may be believed. */
        CLIENT,

        /** The registry itself, asked by this service. */
        REGISTRY;

        @JsonValue
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }

    }

    /** Whether its registry told of something after which it may not be true. */
    public boolean isInvalidated() {
        return verifiedAt.toEpochMilli() < 0;
    }

    /** What is said of {@code verifiedAt}: nothing during a doubt. */
    @JsonProperty("verified_at")
    @Nullable Instant publicVerifiedAt() {
        return isInvalidated() ? null : verifiedAt;
    }

    public static Verification byClient(Instant at) {
        return new Verification(at, By.CLIENT, null);
    }

    public static Verification byRegistry(Instant at, @Nullable String digest) {
        return new Verification(at, By.REGISTRY, digest);
    }

}
