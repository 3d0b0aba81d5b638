package dev.dejavu.access;

import java.net.URI;
import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class ConsoleOidcPropertiesTests {

    private static final URI ISSUER = URI.create("https://login.example.com");

    private static final List<String> SCOPES = List.of("openid");

    @Test
    void rulesAreThoseOfTheIssuerAndTheClient() {
        OidcIssuer jobs = issuer(ISSUER, "dejavu");
        OidcIssuer people = issuer(ISSUER, "console");
        OidcIssuer others = issuer(URI.create("https://example.com"), "console");
        ConsoleOidcProperties properties = new ConsoleOidcProperties(ISSUER, "console", null, SCOPES);
        assertThat(properties.rulesIn(List.of(jobs, others, people))).isSameAs(people);
        assertRefused(() -> properties.rulesIn(List.of(jobs, others)), "dejavu.console.oidc.client-id");
    }

    @Test
    void halfOfTheSettings_stopTheStart() {
        assertRefused(() -> new ConsoleOidcProperties(null, "console", null, SCOPES), "dejavu.console.oidc.issuer");
        assertRefused(() -> new ConsoleOidcProperties(ISSUER, "console", null, List.of("email")),
                "dejavu.console.oidc.scopes");
        assertRefused(() -> new ConsoleOidcProperties(ISSUER, null, "secret", SCOPES).rulesIn(List.of()),
                "dejavu.console.oidc.client-id");
    }

    private static void assertRefused(Runnable use, String setting) {
        assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class).isThrownBy(use::run)
            .satisfies((ex) -> assertThat(ex.getName()).isEqualTo(setting));
    }

    private static OidcIssuer issuer(URI issuer, String audience) {
        return new OidcIssuer(issuer, audience, Duration.ofHours(24),
                List.of(new OidcIssuer.Rule(Role.READ, List.of(OidcIssuer.Claim.valueOf("sub=*")), null, Limits.NONE)));
    }

}
