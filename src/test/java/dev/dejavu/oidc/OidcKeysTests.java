package dev.dejavu.oidc;

import java.net.URI;
import java.time.Duration;

import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.proc.SecurityContext;
import org.junit.jupiter.api.Test;

import dev.dejavu.testing.Issuer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class OidcKeysTests {

    @Test
    void staleKeysAreUsedWhileTheIssuerIsUnavailable() throws KeySourceException {
        try (Issuer issuer = new Issuer()) {
            JWKSource<SecurityContext> keys = OidcKeys.of(URI.create(issuer.uri()), Duration.ofMillis(100),
                    Duration.ofMillis(1));
            JWKSelector all = new JWKSelector(new JWKMatcher.Builder().build());
            assertThat(keys.get(all, null)).hasSize(1);
            issuer.setUnavailable(true);
            int before = issuer.requests();
            await().atMost(Duration.ofSeconds(30)).until(() -> {
                assertThat(keys.get(all, null)).hasSize(1);
                return issuer.requests() > before;
            });
            assertThat(keys.get(all, null)).hasSize(1);
        }
    }

}
