package dev.dejavu.access;

import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import com.nimbusds.jwt.JWTParser;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2TokenValidatorResult;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtAudienceValidator;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.server.resource.BearerTokenErrors;
import org.springframework.security.oauth2.server.resource.InvalidBearerTokenException;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationProvider;
import org.springframework.stereotype.Component;

/**
 * Authenticates the holders of tokens from the configured OpenID Connect issuers.
 */
@Component
class OidcAuthenticator {

    private final Map<String, JwtAuthenticationProvider> issuers;

    OidcAuthenticator(AccessProperties properties) {
        if (properties.oidc().stream().map(OidcIssuer::issuer).distinct().count() < properties.oidc().size()) {
            throw new InvalidConfigurationPropertyValueException("dejavu.access.oidc[*].issuer",
                    properties.oidc().size(), "must be another one in each entry");
        }
        this.issuers = properties.oidc()
            .stream()
            .collect(Collectors.toUnmodifiableMap((oidc) -> oidc.issuer().toString(), OidcAuthenticator::provider));
    }

    /** Whether a token has the form of a JWT, and not that of the service's own. */
    boolean looksLikeJwt(String token) {
        return !issuers.isEmpty() && !token.startsWith(Secret.PREFIX)
                && token.chars().filter((c) -> c == '.').count() == 2;
    }

    /**
     * Authenticates the holder of a token.
     * @throws InvalidBearerTokenException when no configured issuer made it
     * @throws AuthenticationServiceException when the issuer's keys are not available
     */
    Authentication authenticate(String token) {
        JwtAuthenticationProvider issuer = issuers.get(issuer(token));
        if (issuer == null) {
            throw new InvalidBearerTokenException("The issuer is not configured here.");
        }
        try {
            return issuer.authenticate(new BearerTokenAuthenticationToken(token));
        }
        catch (AuthenticationServiceException ex) {
            if (NestedExceptionUtils.getMostSpecificCause(ex) instanceof RateLimitReachedException) {
                // Its keys were fetched a moment ago, and this one was not among them.
                throw new InvalidBearerTokenException("The key of the token is unknown.", ex);
            }
            throw new AuthenticationServiceException("The keys of the token's issuer are not available.", ex);
        }
    }

    private static String issuer(String token) {
        try {
            String issuer = JWTParser.parse(token).getJWTClaimsSet().getIssuer();
            return (issuer != null) ? issuer : "";
        }
        catch (ParseException | RuntimeException ex) {
            // Nimbus meets some nonsense with a NullPointerException.
            throw new InvalidBearerTokenException("The token is no OpenID Connect token.");
        }
    }

    private static JwtAuthenticationProvider provider(OidcIssuer oidc) {
        NimbusJwtDecoder decoder = NimbusJwtDecoder.withJwkSource(OidcKeys.of(oidc.issuer()))
            .jwsAlgorithms((algorithms) -> algorithms.addAll(List.of(SignatureAlgorithm.values())))
            .build();
        decoder.setJwtValidator(
                new DelegatingOAuth2TokenValidator<>(JwtValidators.createDefaultWithIssuer(oidc.issuer().toString()),
                        new JwtAudienceValidator(oidc.audience()), (jwt) -> expiresInTime(jwt, oidc.maxLifetime())));
        JwtAuthenticationProvider provider = new JwtAuthenticationProvider(decoder);
        provider.setJwtAuthenticationConverter((jwt) -> oidc.identity(jwt.getClaims()));
        return provider;
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
