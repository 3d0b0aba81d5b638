package dev.dejavu.webhook;

import java.util.HashMap;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.mock.env.MockEnvironment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

class WebhookPropertiesTests {

    private static final Map<String, String> RIGHT = Map.of("format", "gar", "registry", "us-docker.pkg.dev",
            "oidc.audience", "https://dejavu.example.com", "oidc.email", "pubsub@acme.iam.gserviceaccount.com");

    private static WebhookProperties bind(Map<String, String> webhook) {
        MockEnvironment environment = new MockEnvironment();
        webhook.forEach((name, value) -> environment.setProperty("dejavu.webhooks.w." + name, value));
        return new WebhookProperties(environment);
    }

    @Test
    void issuerIsGoogleByDefault() {
        WebhookProperties.Webhook webhook = bind(RIGHT).webhooks().get("w");
        assertThat(webhook).isNotNull()
            .extracting(WebhookProperties.Webhook::oidc)
            .hasToString("Oidc[issuer=https://accounts.google.com, audience=https://dejavu.example.com, "
                    + "email=pubsub@acme.iam.gserviceaccount.com]");
    }

    @ParameterizedTest
    @CsvSource({ "oidc.issuer,http://accounts.google.com", "oidc.issuer,accounts.google.com", "oidc.audience,''",
            "oidc.email,pubsub", "secret,sixteen or longer" })
    void wrongOidcIsNamed(String name, String value) {
        Map<String, String> webhook = new HashMap<>(RIGHT);
        webhook.put(name, value);
        Throwable cause = catchThrowable(() -> bind(webhook));
        assertThat(cause).isInstanceOf(InvalidConfigurationPropertyValueException.class)
            .hasMessageContaining("dejavu.webhooks.w." + name);
        assertThat(String.valueOf(cause)).doesNotContain("sixteen");
    }

    @ParameterizedTest
    @ValueSource(strings = { "signd", "oidc.audence" })
    void unknownMemberIsRefused(String name) {
        Map<String, String> webhook = new HashMap<>(RIGHT);
        webhook.put(name, "true");
        assertThat(catchThrowable(() -> bind(webhook))).rootCause()
            .isInstanceOf(UnboundConfigurationPropertiesException.class)
            .hasMessageContaining("dejavu.webhooks.w." + name);
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "http://registry.example.com", "registry.example.com/", "a b", "host:", "::1" })
    void registryThatIsNoHostIsNamed(String registry) {
        Map<String, String> webhook = new HashMap<>(RIGHT);
        webhook.put("registry", registry);
        assertThat(catchThrowable(() -> bind(webhook))).hasMessageContaining("dejavu.webhooks.w.registry");
    }

}
