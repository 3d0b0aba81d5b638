package dev.dejavu.access;

import java.net.URI;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * The OpenID Connect provider that people sign in to the console with.
 *
 * @param issuer of {@code dejavu.access.oidc}, whose rules map the claims of its ID
 * tokens; without it there is no such sign-in
 * @param clientId of the console at the provider, which is the audience of the ID tokens
 * @param clientSecret of the console at the provider; without it the console is a public
 * client
 * @param scopes that the provider is asked for
 */
@ConfigurationProperties("dejavu.console.oidc")
record ConsoleOidcProperties(@Nullable URI issuer, @Nullable String clientId, @Nullable String clientSecret,
        @DefaultValue( {
                "openid", "profile", "email" }) List<String> scopes){

    private static final String PREFIX = "dejavu.console.oidc.";

    ConsoleOidcProperties {
        if (issuer == null && clientId != null) {
            throw new InvalidConfigurationPropertyValueException(PREFIX + "issuer", issuer,
                    "must be set where client-id is");
        }
        if (!scopes.contains("openid")) {
            throw new InvalidConfigurationPropertyValueException(PREFIX + "scopes", scopes, "must contain openid");
        }
    }

    /** Of the entries for tokens, the one whose rules decide. */
    OidcIssuer rulesIn(List<OidcIssuer> issuers) {
        return issuers.stream()
            .filter((oidc) -> oidc.issuer().equals(issuer) && oidc.audience().equals(clientId))
            .findFirst()
            .orElseThrow(() -> new InvalidConfigurationPropertyValueException(PREFIX + "client-id", clientId,
                    "must be the audience of an entry of dejavu.access.oidc with the same issuer, whose rules say who"
                            + " may do what"));
    }

}
