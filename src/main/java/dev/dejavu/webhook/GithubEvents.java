package dev.dejavu.webhook;

import java.util.stream.Stream;

import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.RegistryEvent.Kind;

import static dev.dejavu.webhook.EventFormat.text;
import static dev.dejavu.webhook.EventFormat.word;

/**
 * The events "Packages" and "Registry packages" of GitHub, which signs them. GitHub
 * reports no deletion.
 *
 * @see <a href=
 * "https://docs.github.com/webhooks/webhook-events-and-payloads#registry_package">registry_package</a>
 * @see <a href=
 * "https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries">Validating
 * webhook deliveries</a>
 */
final class GithubEvents implements EventFormat {

    @Override
    public String header() {
        return "X-Hub-Signature-256";
    }

    @Override
    public Signature signature() {
        return Signature.SHA256;
    }

    @Override
    public Stream<Notification> read(String registry, JsonNode body, HttpHeaders headers) {
        return switch (word(body, "action")) {
            case "published",
                    "updated" ->
                Stream.of("registry_package", "package")
                    .map(body::path)
                    .filter(JsonNode::isObject)
                    .map((image) -> notification(image.path("package_version")));
            default -> Stream.empty();
        };
    }

    /**
     * An address is as in {@code ghcr.io/Acme/app:v1}; without a tag it ends in a colon.
     */
    private static Notification notification(JsonNode version) {
        String path = word(version, "package_url").replaceFirst(":[^/]*$", "");
        JsonNode tag = version.path("container_metadata").path("tag");
        return Notification.byPath(Kind.PUSH, path, text(tag, "name"), text(version, "version"));
    }

}
