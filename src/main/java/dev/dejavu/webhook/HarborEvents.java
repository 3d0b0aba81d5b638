package dev.dejavu.webhook;

import java.util.Locale;
import java.util.stream.Stream;

import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.RegistryEvent.Kind;

import static dev.dejavu.webhook.EventFormat.children;
import static dev.dejavu.webhook.EventFormat.text;
import static dev.dejavu.webhook.EventFormat.word;

/**
 * Either of Harbor's formats, "Default" and "CloudEvents".
 *
 * @see <a href=
 * "https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/">Configure
 * Webhook Notifications</a>
 */
final class HarborEvents implements EventFormat {

    @Override
    public Stream<Notification> read(String registry, JsonNode body, HttpHeaders headers) {
        JsonNode data = body.path(body.has("specversion") ? "data" : "event_data");
        return switch (word(body, "type").toLowerCase(Locale.ROOT)) {
            case "push_artifact", "harbor.artifact.pushed" -> artifacts(data, Kind.PUSH);
            case "delete_artifact", "harbor.artifact.deleted" -> artifacts(data, Kind.DELETE);
            default -> Stream.empty();
        };
    }

    private static Stream<Notification> artifacts(JsonNode data, Kind kind) {
        String name = text(data.path("repository"), "repo_full_name");
        return children(data.path("resources"))
            .map((resource) -> new Notification(kind, name, text(resource, "tag"), text(resource, "digest")));
    }

}
