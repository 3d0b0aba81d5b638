package dev.dejavu.oidc;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import org.jspecify.annotations.Nullable;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2TokenValidatorResult;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtAudienceValidator;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.server.resource.BearerTokenErrors;

/**
 * Verifies the tokens of one issuer, whose keys are fetched when the first one comes.
 */
public final class OidcDecoder implements JwtDecoder {

    private final JwtDecoder decoder;

    /**
     * A decoder of tokens.
     * @param issuer as its tokens name it, and where its discovery document is
     * @param maxLifetime of a token, from its issue to its expiry
     */
    public OidcDecoder(URI issuer, String audience, Duration maxLifetime) {
        NimbusJwtDecoder nimbus = NimbusJwtDecoder.withJwkSource(OidcKeys.of(issuer))
            .jwsAlgorithms((algorithms) -> algorithms.addAll(List.of(SignatureAlgorithm.values())))
            .build();
        nimbus.setJwtValidator(
                new DelegatingOAuth2TokenValidator<>(JwtValidators.createDefaultWithIssuer(issuer.toString()),
                        new JwtAudienceValidator(audience), (jwt) -> expiresInTime(jwt, maxLifetime)));
        this.decoder = nimbus;
    }

    /** Whether keys may be fetched from there: by TLS, or on this machine. */
    public static boolean isIssuer(@Nullable URI uri) {
        return uri != null && uri.getHost() != null && ("https".equals(uri.getScheme())
                || ("http".equals(uri.getScheme()) && List.of("localhost", "127.0.0.1").contains(uri.getHost())));
    }

    /**
     * Verifies a token.
     * @throws BadJwtException when it is none of the issuer's for this audience
     * @throws JwtException when the issuer's keys are not available
     */
    @Override
    public Jwt decode(String token) {
        try {
            return decoder.decode(token);
        }
        catch (JwtException ex) {
            if (NestedExceptionUtils.getMostSpecificCause(ex) instanceof RateLimitReachedException) {
                // Its keys were fetched a moment ago, and this one was not among them.
                throw new BadJwtException("The key of the token is unknown.", ex);
            }
            throw ex;
        }
    }

    private static OAuth2TokenValidatorResult expiresInTime(Jwt jwt, Duration maxLifetime) {
        Instant expiresAt = jwt.getExpiresAt();
        if (expiresAt == null) {
            return OAuth2TokenValidatorResult.failure(BearerTokenErrors.invalidToken("It never expires"));
        }
        Instant now = Instant.now();
        Instant issuedAt = jwt.getIssuedAt();
        Instant begin = (issuedAt != null && issuedAt.isBefore(now)) ? issuedAt : now;
        return Duration.between(begin, expiresAt).compareTo(maxLifetime) <= 0 ? OAuth2TokenValidatorResult.success()
                : OAuth2TokenValidatorResult.failure(BearerTokenErrors.invalidToken("It lives too long"));
    }

}
