package dev.dejavu.webhook;

import java.time.Duration;
import java.util.Objects;

import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtException;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.oidc.OidcDecoder;

/**
 * A service account whose requests carry a token of its issuer, as those of Pub/Sub.
 *
 * @see <a href=
 * "https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions">Authentication
 * for push subscriptions</a>
 */
final class OidcSender {

    private static final Duration MAX_LIFETIME = Duration.ofHours(24);

    private static final String BEARER = "Bearer ";

    private final JwtDecoder tokens;

    private final String email;

    OidcSender(WebhookProperties.Oidc oidc) {
        this.tokens = new OidcDecoder(oidc.issuer(), Objects.requireNonNull(oidc.audience()), MAX_LIFETIME);
        this.email = Objects.requireNonNull(oidc.email());
    }

    /**
     * Whether a header has a token of this account.
     * @throws ProblemException {@link Problem#ISSUER_UNAVAILABLE}: whose token it is
     * cannot be said, so it is no refusal
     */
    boolean isIn(String header) {
        if (!header.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            return false;
        }
        try {
            Jwt token = tokens.decode(header.substring(BEARER.length()).strip());
            return email.equals(token.getClaims().get("email"))
                    && Boolean.TRUE.equals(token.getClaims().get("email_verified"));
        }
        catch (BadJwtException ex) {
            return false;
        }
        catch (JwtException ex) {
            throw ProblemException.issuerUnavailable();
        }
    }

}
