package dev.dejavu.webhook;

import java.util.Base64;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.cache.RegistryEvent.Kind;
import dev.dejavu.registry.ImageReference;

import static dev.dejavu.webhook.EventFormat.word;

/**
 * Messages of the topic {@code gcr} of Google Artifact Registry, pushed by Pub/Sub,
 * wrapped or not. They name whole images, of every location of a project. Pub/Sub sends
 * no header of the user's choice.
 *
 * @see <a href=
 * "https://cloud.google.com/artifact-registry/docs/configure-notifications">Configure
 * Pub/Sub notifications</a>
 * @see <a href="https://cloud.google.com/pubsub/docs/push">Push subscriptions</a>
 */
final class GarEvents implements EventFormat {

    private static final JsonMapper json = new JsonMapper();

    @Override
    public boolean takesUrlSecret() {
        return true;
    }

    @Override
    public Stream<Notification> read(String registry, JsonNode body, HttpHeaders headers) {
        JsonNode message = body.path("message").isObject() ? data(word(body.path("message"), "data")) : body;
        return switch (word(message, "action")) {
            case "INSERT" -> about(message, Kind.PUSH);
            case "DELETE" -> about(message, Kind.DELETE);
            default -> Stream.empty();
        };
    }

    /** Anyone who may publish can send a message that is none of the registry's. */
    private static JsonNode data(String data) {
        try {
            return json.readTree(Base64.getDecoder().decode(data));
        }
        catch (IllegalArgumentException | JacksonException ex) {
            return json.missingNode();
        }
    }

    private static Stream<Notification> about(JsonNode message, Kind kind) {
        ImageReference manifest = ImageReference.parse(word(message, "digest"));
        ImageReference tag = ImageReference.parse(word(message, "tag"));
        ImageReference image = (manifest != null) ? manifest : tag;
        return (image != null) ? Stream.of(new Notification(kind, image.registry(), image.name(), tag(tag),
                (manifest != null) ? manifest.digest() : null)) : Stream.empty();
    }

    private static @Nullable String tag(@Nullable ImageReference reference) {
        return (reference != null) ? reference.tag() : null;
    }

}
