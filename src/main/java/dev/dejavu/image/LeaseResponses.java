package dev.dejavu.image;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;

import dev.dejavu.api.EntryResponses;
import dev.dejavu.lease.Lease;
import dev.dejavu.lease.LeaseAnswer;

/**
 * Responses to those who ask for a lease.
 */
final class LeaseResponses {

    /** In seconds. */
    private static final String RETRY_AFTER = "1";

    private LeaseResponses() {
    }

    /**
     * The response to a request for a lease.
     * @param renewWithin the time after which the holder should renew it
     * @param showsAuthor whether the caller may see who somebody is who does not say so
     */
    static ResponseEntity<Object> of(LeaseAnswer<CachedImage> answer, Duration renewWithin, boolean showsAuthor) {
        return switch (answer) {
            case LeaseAnswer.Here<CachedImage> here -> EntryResponses.ok(here.entry());
            case LeaseAnswer.Yours<CachedImage> yours -> ResponseEntity.status(HttpStatus.CREATED)
                .cacheControl(CacheControl.noStore())
                .body(Granted.of(yours.lease().token(), yours.lease().expiresAt(), renewWithin));
            case LeaseAnswer.Another<CachedImage> another -> ResponseEntity.accepted()
                .cacheControl(CacheControl.noStore())
                .header(HttpHeaders.RETRY_AFTER, RETRY_AFTER)
                .body(Building.of(another, showsAuthor));
        };
    }

    static ResponseEntity<Granted> renewed(String token, Instant expiresAt, Duration renewWithin) {
        return ResponseEntity.ok().cacheControl(CacheControl.noStore()).body(Granted.of(token, expiresAt, renewWithin));
    }

    /**
     * A lease of the caller.
     *
     * @param token that renews it, ends it, and goes with the PUT
     * @param renewWithin seconds
     */
    record Granted(@JsonProperty("lease") String token, Instant expiresAt, double renewWithin) {

        static Granted of(String token, Instant expiresAt, Duration renewWithin) {
            return new Granted(token, expiresAt, renewWithin.toMillis() / 1000.0);
        }

    }

    /**
     * A lease of another one.
     *
     * @param since {@code null} where it ended a moment ago
     * @param expectedAt when the image should be there, by what earlier builds took
     */
    record Building(String holder, @Nullable Instant since, @Nullable Instant expectedAt) {

        private static final String UNKNOWN = "somebody";

        static Building of(LeaseAnswer.Another<?> another, boolean showsAuthor) {
            Lease lease = another.lease();
            if (lease == null) {
                return new Building(UNKNOWN, null, null);
            }
            String author = showsAuthor ? lease.build().author() : null;
            String holder = lease.build().holder();
            return new Building((holder != null) ? holder : Objects.requireNonNullElse(author, UNKNOWN), lease.since(),
                    another.expectedAt());
        }

    }

}
