package dev.dejavu.cache;

import java.time.Instant;
import java.util.List;
import java.util.Locale;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonValue;
import org.jspecify.annotations.Nullable;

/**
 * The last verification of an entry.
 *
 * @param verifiedAt in milliseconds
 * @param verifiedBy who verified it
 * @param manifestDigest of the manifest that the registry had, as in {@code sha256:…};
 * unknown when a client verified the entry
 * @param restedOn the digests of the manifests in an index that the registry had, too;
 * {@code null} when they are unknown
 * @param asOf the number of the last event that was known when the verification began;
 * when it is stored, no higher than that of the last one that there was
 * @param invalidatedAsOf the number at which a caller took the entry back; 0 for never
 * @param isInvalidated whether it was found out that it does not count any more: then
 * nobody is told its time, so that no client believes it
 * @see Watermark
 */
public record Verification(@JsonIgnore Instant verifiedAt, By verifiedBy, @Nullable String manifestDigest,
        @JsonIgnore @Nullable List<String> restedOn, @JsonIgnore long asOf, @JsonIgnore long invalidatedAsOf,
        @JsonIgnore boolean isInvalidated) {

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

    /** {@code verifiedAt}, unless it does not count any more. */
    @JsonProperty("verified_at")
    @Nullable Instant publicVerifiedAt() {
        return isInvalidated ? null : verifiedAt;
    }

    /** Whether a caller took the entry back, and nobody has verified it since. */
    @JsonIgnore
    public boolean isTakenBack() {
        return invalidatedAsOf > asOf;
    }

    /** The same, which does not count any more. */
    public Verification asInvalidated() {
        return new Verification(verifiedAt, verifiedBy, manifestDigest, restedOn, asOf, invalidatedAsOf, true);
    }

    /** The same, of an entry that was taken back at a number. */
    public Verification withInvalidatedAsOf(long number) {
        return new Verification(verifiedAt, verifiedBy, manifestDigest, restedOn, asOf, number, isInvalidated);
    }

    /** The same, which began when a number was known. */
    public Verification withAsOf(long number) {
        return new Verification(verifiedAt, verifiedBy, manifestDigest, restedOn, number, invalidatedAsOf,
                isInvalidated);
    }

    /** By a client that claims it with its PUT, after every event until then. */
    public static Verification byClient(Instant at) {
        return new Verification(at, By.CLIENT, null, null, Long.MAX_VALUE, 0, false);
    }

    public static Verification byRegistry(Instant at, String digest, List<String> restedOn, long asOf) {
        return new Verification(at, By.REGISTRY, digest, restedOn, asOf, 0, false);
    }

}
