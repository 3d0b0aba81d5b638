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
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * The HTTP of {@code /tokens}.
 */
@RestController
@RequestMapping(path = "/tokens", produces = MediaType.APPLICATION_JSON_VALUE)
class TokenController {

    private final AccessTokenRepository tokens;

    private final TokenCache known;

    private final Audit audit;

    private final Clock clock;

    private final Mode mode;

    TokenController(AccessTokenRepository tokens, TokenCache known, Audit audit, Clock clock, Mode mode) {
        this.mode = mode;
        this.tokens = tokens;
        this.known = known;
        this.audit = audit;
        this.clock = clock;
    }

    @PostMapping
    ResponseEntity<Made> make(@RequestBody Wish wish) {
        if (mode == Mode.OPEN) {
            // Whoever reaches an open service must not get in later with what it got
            // there.
            throw new ProblemException(Problem.FORBIDDEN, "No token is made while dejavu.access.mode is open.");
        }
        AccessToken token = wish.token(clock.instant().truncatedTo(ChronoUnit.MILLIS));
        Secret secret = Secret.random();
        if (!tokens.add(token, secret)) {
            throw new ProblemException(Problem.NAME_TAKEN, "There is a token of the name " + token.name() + ".");
        }
        known.changed();
        audit.tokenCreated(token);
        return ResponseEntity.created(URI.create("/tokens/" + token.id()))
            .cacheControl(CacheControl.noStore())
            .body(new Made(token, secret.text()));
    }

    @GetMapping
    ResponseEntity<All> list() {
        return ResponseEntity.ok().cacheControl(CacheControl.noStore()).body(new All(tokens.list()));
    }

    @DeleteMapping("/{id}")
    ResponseEntity<Void> revoke(@PathVariable String id) {
        tokens.remove(id).ifPresent((name) -> {
            known.changed();
            audit.tokenRevoked(id, name);
        });
        return ResponseEntity.noContent().build();
    }

    /**
     * What token is wished for: the body of a POST.
     */
    record Wish(@Nullable String name, @Nullable String role, @Nullable String expiresIn) {

        private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}");

        private static final Duration LONGEST = Duration.ofDays(3650);

        AccessToken token(Instant now) {
            return new AccessToken(AccessToken.newId(), checkedName(), role(BodyFields.required("role", role)), now,
                    expiry(now), null);
        }

        private String checkedName() {
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
                if (duration.isPositive() && duration.compareTo(LONGEST) <= 0) {
                    return now.plus(duration);
                }
            }
            catch (IllegalArgumentException | ArithmeticException ex) {
                // said below
            }
            throw BodyFields.malformed("expires_in must be a duration, as in 90d or 12h, of 3650d at most.");
        }

    }

    /**
     * A new token.
     *
     * @param secret shown this once
     */
    record Made(@JsonUnwrapped AccessToken token, String secret) {

        @Override
        public String toString() {
            return token.toString();
        }

    }

    /**
     * All tokens, newest first.
     */
    record All(List<AccessToken> tokens) {
    }

}
