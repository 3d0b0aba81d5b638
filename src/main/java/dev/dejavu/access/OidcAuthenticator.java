package dev.dejavu.access;

import java.text.ParseException;
import java.util.Map;
import java.util.stream.Collectors;

import com.nimbusds.jwt.JWTParser;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.server.resource.InvalidBearerTokenException;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationProvider;
import org.springframework.stereotype.Component;

import dev.dejavu.oidc.OidcDecoder;

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
        JwtAuthenticationProvider provider = new JwtAuthenticationProvider(
                new OidcDecoder(oidc.issuer(), oidc.audience(), oidc.maxLifetime()));
        provider.setJwtAuthenticationConverter((jwt) -> oidc.identity(jwt.getClaims()));
        return provider;
    }

}
