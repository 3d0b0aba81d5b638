package dev.dejavu.access;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.regex.Pattern;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;

import dev.dejavu.api.BodyFields;
import dev.dejavu.cache.Caller;

/**
 * What a new token is to be, as in the body of a POST. A misspelt member would make a
 * token that may do more than it should.
 */
@JsonIgnoreProperties(ignoreUnknown = false)
public record TokenRequest(@Nullable String name, @Nullable String role, @Nullable String expiresIn,
        @Nullable String overlay, @Nullable Limits limits) {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}");

    private static final Duration MAX_LIFETIME = Duration.ofDays(3650);

    /** Limits without a pattern are none. */
    public TokenRequest {
        limits = Limits.NONE.equals(limits) ? null : limits;
    }

    AccessToken token(Instant now) {
        Role valid = role(BodyFields.required("role", role));
        if (limits != null && (valid == Role.ADMIN || !limits.isValid())) {
            throw BodyFields
                .malformed("limits are for read and write, and have 50 patterns of 512 characters and four * at most.");
        }
        return new AccessToken(AccessToken.newId(), validName(), valid, now, expiry(now), null, validOverlay(), limits);
    }

    private @Nullable String validOverlay() {
        if (overlay != null && !OverlayName.isValid(overlay)) {
            throw BodyFields.malformed("overlay must be 200 letters, digits or ._@:+=,~-/ at most, as in a path.");
        }
        return overlay;
    }

    private String validName() {
        String given = BodyFields.required("name", name);
        if (given.equals(Caller.ANYONE)) {
            throw BodyFields.malformed("name must not be " + given + ", which callers without a name are called.");
        }
        if (!NAME.matcher(given).matches()) {
            throw BodyFields.malformed("name must be 64 letters, digits or ._@+- at most, a letter or digit first.");
        }
        return given;
    }

    private static Role role(String text) {
        try {
            return Role.valueOf(text.toUpperCase(Locale.ROOT));
        }
        catch (IllegalArgumentException ex) {
            throw BodyFields.malformed("role must be read, write or admin.");
        }
    }

    private @Nullable Instant expiry(Instant now) {
        if (expiresIn == null) {
            return null;
        }
        try {
            Duration duration = DurationStyle.detectAndParse(expiresIn, ChronoUnit.DAYS);
            if (duration.isPositive() && duration.compareTo(MAX_LIFETIME) <= 0) {
                return now.plus(duration);
            }
        }
        catch (IllegalArgumentException | ArithmeticException ex) {
            // as any other malformed value
        }
        throw BodyFields.malformed("expires_in must be a duration, as in 90d or 12h, of 3650d at most.");
    }

}
