package dev.dejavu.webhook;

import java.net.URI;
import java.util.Map;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.bind.handler.IgnoreTopLevelConverterNotFoundBindHandler;
import org.springframework.boot.context.properties.bind.handler.NoUnboundElementsBindHandler;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.core.env.Environment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.stereotype.Component;

import dev.dejavu.oidc.OidcDecoder;

/**
 * The webhooks that registries may call.
 *
 * @param webhooks by their names in {@code /webhooks/{name}}
 */
@Component
record WebhookProperties(Map<String, Webhook> webhooks) {

    private static final int MIN_SECRET = 16;

    private static final String REGISTRY = "([a-zA-Z0-9._-]+|\\[[0-9a-fA-F:]+])(:[0-9]+)?(/[a-zA-Z0-9._/-]*[a-zA-Z0-9])?";

    /**
     * Reads the settings. The annotation for that ignores a misspelt member of a webhook,
     * or refuses all other settings with the prefix {@code dejavu}.
     */
    @Autowired
    WebhookProperties(Environment environment) {
        this(Binder.get(environment)
            .bind("dejavu.webhooks", Bindable.mapOf(String.class, Webhook.class),
                    new NoUnboundElementsBindHandler(new IgnoreTopLevelConverterNotFoundBindHandler(),
                            (source) -> !(source.getUnderlyingSource() instanceof SystemEnvironmentPropertySource)))
            .orElseGet(Map::of));
    }

    WebhookProperties {
        webhooks.forEach((name, webhook) -> {
            String prefix = "dejavu.webhooks." + name;
            check(name.matches("[a-z0-9-]+"), prefix, name, "must be named in lower case letters, digits and hyphens");
            check(webhook.format != null, prefix + ".format", "", "must be one of " + Format.names());
            check(webhook.registry != null && webhook.registry.matches(REGISTRY), prefix + ".registry",
                    String.valueOf(webhook.registry), "must be the host or host:port by which images are called");
            if (webhook.oidc != null) {
                webhook.oidc.check(prefix + ".oidc");
                check(webhook.secret == null, prefix + ".secret", "", "must not be set beside oidc");
            }
            else {
                // The value is not logged: it is nearly a secret.
                check(webhook.secret != null && webhook.secret.length() >= MIN_SECRET, prefix + ".secret", "",
                        "must have " + MIN_SECRET + " characters or more");
            }
        });
    }

    private static void check(boolean right, String setting, String value, String must) {
        if (!right) {
            throw new InvalidConfigurationPropertyValueException(setting, value, must);
        }
    }

    /**
     * The webhook of a registry.
     *
     * @param format of its events
     * @param registry the host or {@code host:port} by which images are called; for JFrog
     * with the name of a virtual repository behind a slash, if it has one
     * @param secret that its requests carry
     * @param header with the secret; by default that of the format
     * @param signed whether the header has the HMAC of the body under the secret, in hex,
     * instead of the secret; by default as the format's registries do
     * @param oidc whose token its requests carry instead of a secret
     */
    record Webhook(@Nullable Format format, @Nullable String registry, @Nullable String secret, @Nullable String header,
            @Nullable Boolean signed, @Nullable Oidc oidc) {

        /** What such registries send, and how. */
        EventFormat reader() {
            return Objects.requireNonNull(format).reader();
        }

        /** The header that has the secret, the signature or the token. */
        String secretHeader() {
            return (header != null) ? header : reader().header();
        }

        /** How requests are signed; {@code null} when they carry the secret itself. */
        @Nullable Signature signature() {
            Signature usual = reader().signature();
            if (oidc != null || signed == null) {
                return (oidc != null) ? null : usual;
            }
            return signed ? Objects.requireNonNullElse(usual, Signature.SHA256) : null;
        }

        /** So that no log has the secret by accident. */
        @Override
        public String toString() {
            return format + " of " + registry;
        }

    }

    /**
     * The service account that a webhook's tokens are of.
     *
     * @param issuer as its tokens name it, and where its discovery document is
     * @param audience that its tokens have
     * @param email of the account
     */
    record Oidc(@DefaultValue("https://accounts.google.com") URI issuer, @Nullable String audience,
            @Nullable String email) {

        private void check(String prefix) {
            WebhookProperties.check(OidcDecoder.isIssuer(issuer), prefix + ".issuer", String.valueOf(issuer),
                    "must be an https address");
            WebhookProperties.check(audience != null && !audience.isBlank(), prefix + ".audience", "",
                    "must be that of the subscription");
            WebhookProperties.check(email != null && email.contains("@"), prefix + ".email", String.valueOf(email),
                    "must be that of the subscription's service account");
        }

    }

}
