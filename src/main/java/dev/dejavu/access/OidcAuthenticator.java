package dev.dejavu.access;

import java.text.ParseException;
import java.util.List;

import com.nimbusds.jwt.JWTClaimsSet;
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

    private final List<Accepted> issuers;

    OidcAuthenticator(AccessProperties properties) {
        if (properties.oidc().stream().map(Name::of).distinct().count() < properties.oidc().size()) {
            throw new InvalidConfigurationPropertyValueException("dejavu.access.oidc[*].issuer",
                    properties.oidc().size(), "must be another one in each entry");
        }
        this.issuers = properties.oidc().stream().map((oidc) -> new Accepted(Name.of(oidc), provider(oidc))).toList();
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
        JWTClaimsSet claims = claims(token);
        Accepted accepted = issuers.stream()
            .filter((one) -> one.name().isIn(claims))
            .findFirst()
            .orElseThrow(() -> new InvalidBearerTokenException("The issuer and the audience are not configured here."));
        return accepted.provider().authenticate(new BearerTokenAuthenticationToken(token));
    }

    private static JWTClaimsSet claims(String token) {
        try {
            return JWTParser.parse(token).getJWTClaimsSet();
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

    /**
     * What tells the tokens of an entry from those of the others.
     */
    private record Name(String issuer, String audience) {

        static Name of(OidcIssuer oidc) {
            return new Name(oidc.issuer().toString(), oidc.audience());
        }

        boolean isIn(JWTClaimsSet claims) {
            return issuer.equals(claims.getIssuer()) && claims.getAudience().contains(audience);
        }

    }

    private record Accepted(Name name, JwtAuthenticationProvider provider) {
    }

}
