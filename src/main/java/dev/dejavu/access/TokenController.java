package dev.dejavu.access;

import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

import dev.dejavu.access.AccessProperties.Mode;
import dev.dejavu.api.BodyFields;
import dev.dejavu.api.PublicPath;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * The HTTP of {@code /tokens}.
 */
@RestController
@RequestMapping(path = "/tokens", produces = MediaType.APPLICATION_JSON_VALUE)
class TokenController {

    private final AccessTokenRepository tokens;

    private final TokenCache cache;

    private final Audit audit;

    private final Clock clock;

    private final Mode mode;

    TokenController(AccessTokenRepository tokens, TokenCache cache, Audit audit, Clock clock, Mode mode) {
        this.mode = mode;
        this.tokens = tokens;
        this.cache = cache;
        this.audit = audit;
        this.clock = clock;
    }

    @PostMapping
    ResponseEntity<CreatedToken> create(@RequestBody CreateTokenRequest request) {
        if (mode == Mode.OPEN) {
            // A token got from an open service would still be valid when it is closed.
            throw new ProblemException(Problem.FORBIDDEN, "No token can be created while dejavu.access.mode is open.");
        }
        AccessToken token = request.token(clock.instant().truncatedTo(ChronoUnit.MILLIS));
        Secret secret = Secret.random();
        if (!tokens.add(token, secret)) {
            throw new ProblemException(Problem.NAME_TAKEN, "There is or was a token named " + token.name()
                    + "; entries and the audit log tell authors apart by their names.");
        }
        cache.changed();
        audit.tokenCreated(token);
        return ResponseEntity.created(URI.create(PublicPath.of("/tokens/") + token.id()))
            .cacheControl(CacheControl.noStore())
            .body(new CreatedToken(token, secret.text()));
    }

    @GetMapping
    ResponseEntity<TokenList> list() {
        return ResponseEntity.ok().cacheControl(CacheControl.noStore()).body(new TokenList(tokens.list()));
    }

    @DeleteMapping("/{id}")
    ResponseEntity<Void> revoke(@PathVariable String id) {
        tokens.revoke(id, clock.instant()).ifPresentOrElse((name) -> {
            cache.changed();
            audit.tokenRevoked(id, name);
        }, () -> refuseIfUnrevoked(id));
        return ResponseEntity.noContent().build();
    }

    private void refuseIfUnrevoked(String id) {
        if (tokens.list().stream().anyMatch((token) -> token.id().equals(id))) {
            throw new ProblemException(Problem.LAST_ADMIN,
                    "This is the last token of an administrator; create another one first.");
        }
    }

    /**
     * The body of a POST.
     */
    record CreateTokenRequest(@Nullable String name, @Nullable String role, @Nullable String expiresIn,
            @Nullable String overlay, @Nullable Limits limits) {

        private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}");

        private static final Duration MAX_LIFETIME = Duration.ofDays(3650);

        AccessToken token(Instant now) {
            Role valid = role(BodyFields.required("role", role));
            if (limits != null && (valid == Role.ADMIN || !limits.isValid())) {
                throw BodyFields.malformed(
                        "limits are for read and write, and have 50 patterns of 512 characters and four * at most.");
            }
            return new AccessToken(AccessToken.newId(), validName(), valid, now, expiry(now), null, validOverlay(),
                    Limits.NONE.equals(limits) ? null : limits);
        }

        private @Nullable String validOverlay() {
            if (overlay != null && !OverlayName.isValid(overlay)) {
                throw BodyFields.malformed("overlay must be 200 letters, digits or ._@:+=,~-/ at most, as in a path.");
            }
            return overlay;
        }

        private String validName() {
            String given = BodyFields.required("name", name);
            if (!NAME.matcher(given).matches() || given.equals(Audit.ANYONE)) {
                throw BodyFields
                    .malformed("name must be 64 letters, digits or ._@+- at most, a letter or digit first.");
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

    /**
     * A new token.
     *
     * @param secret shown this once
     */
    record CreatedToken(@JsonUnwrapped AccessToken token, String secret) {

        @Override
        public String toString() {
            return token.toString();
        }

    }

    /**
     * All tokens that are not revoked, newest first.
     */
    record TokenList(List<AccessToken> tokens) {
    }

}
