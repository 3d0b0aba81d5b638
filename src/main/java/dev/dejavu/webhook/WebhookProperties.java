package dev.dejavu.webhook;

import java.util.Map;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * The webhooks that registries may call.
 *
 * @param webhooks by their names in {@code /webhooks/{name}}
 */
@ConfigurationProperties("dejavu")
record WebhookProperties(@DefaultValue Map<String, Webhook> webhooks) {

    private static final int MIN_SECRET = 16;

    private static final String REGISTRY = "([a-zA-Z0-9._-]+|\\[[0-9a-fA-F:]+])(:[0-9]+)?(/[a-zA-Z0-9._/-]*[a-zA-Z0-9])?";

    WebhookProperties {
        webhooks.forEach((name, webhook) -> {
            String prefix = "dejavu.webhooks." + name;
            check(name.matches("[a-z0-9-]+"), prefix, name, "must be named in lower case letters, digits and hyphens");
            check(webhook.format != null, prefix + ".format", "", "must be one of " + Format.names());
            check(webhook.registry != null && webhook.registry.matches(REGISTRY), prefix + ".registry",
                    String.valueOf(webhook.registry), "must be the host or host:port by which images are called");
            // The value is not logged: it is nearly a secret.
            check(webhook.secret != null && webhook.secret.length() >= MIN_SECRET, prefix + ".secret", "",
                    "must have " + MIN_SECRET + " characters or more");
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
     */
    record Webhook(@Nullable Format format, @Nullable String registry, @Nullable String secret, @Nullable String header,
            @Nullable Boolean signed) {

        /** What such registries send, and how. */
        EventFormat reader() {
            return Objects.requireNonNull(format).reader();
        }

        /** The header that has the secret or the signature. */
        String secretHeader() {
            return (header != null) ? header : reader().header();
        }

        /** How requests are signed; {@code null} when they carry the secret itself. */
        @Nullable Signature signature() {
            Signature usual = reader().signature();
            if (signed == null) {
                return usual;
            }
            return signed ? Objects.requireNonNullElse(usual, Signature.SHA256) : null;
        }

        /** So that no log has the secret by accident. */
        @Override
        public String toString() {
            return format + " of " + registry;
        }

    }

}
