package dev.dejavu.cache;

import java.time.Instant;
import java.util.Locale;

import com.fasterxml.jackson.annotation.JsonValue;
import org.jspecify.annotations.Nullable;

/**
 * Since when an entry is known to be true.
 *
 * @param verifiedAt when it was last seen to be true, in milliseconds
 * @param verifiedBy who saw it
 * @param manifestDigest what it led to then, as in {@code sha256:…}; only a registry says
 * it
 */
public record Verification(Instant verifiedAt, By verifiedBy, @Nullable String manifestDigest) {

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

    public static Verification byClient(Instant at) {
        return new Verification(at, By.CLIENT, null);
    }

    public static Verification byRegistry(Instant at, @Nullable String digest) {
        return new Verification(at, By.REGISTRY, digest);
    }

}
