package dev.dejavu.webhook;

import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.RegistryEvent.Kind;

import static dev.dejavu.webhook.EventFormat.text;
import static dev.dejavu.webhook.EventFormat.word;

/**
 * The events of JFrog's domain "docker". Whether URIs have the repository's key in their
 * path, or in the name or the port of the host, is a setting of the registry. An event
 * about a URI that no entry has does nothing.
 *
 * @see <a href="https://docs.jfrog.com/administration/docs/event-types">Event Types</a>
 */
final class JfrogEvents implements EventFormat {

    @Override
    public String header() {
        return "X-JFrog-Event-Auth";
    }

    @Override
    public Stream<Notification> read(String registry, JsonNode body, HttpHeaders headers) {
        return word(body, "domain").equals("docker") ? switch (word(body, "event_type")) {
            case "pushed", "promoted" -> about(body.path("data"), Kind.PUSH);
            case "deleted" -> about(body.path("data"), Kind.DELETE);
            default -> Stream.empty();
        } : Stream.empty();
    }

    private static Stream<Notification> about(JsonNode data, Kind kind) {
        String name = text(data, "image_name");
        return (name != null) ? Stream.of(name, word(data, "repo_key") + "/" + name)
            .map((path) -> new Notification(kind, path, text(data, "tag"), digest(data))) : Stream.empty();
    }

    private static @Nullable String digest(JsonNode data) {
        String sha256 = text(data, "sha256");
        return (sha256 != null) ? "sha256:" + sha256 : null;
    }

}
