package dev.dejavu.webhook;

import java.util.stream.Stream;

import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.RegistryEvent.Kind;

import static dev.dejavu.webhook.EventFormat.text;
import static dev.dejavu.webhook.EventFormat.word;

/**
 * CloudEvents over HTTP: in binary mode the type is a header and the body is the data, in
 * structured mode both are members. The prefix of their types is a setting.
 *
 * @see <a href="https://zotregistry.dev/latest/articles/events/">Event Support</a>
 * @see <a href=
 * "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md">CloudEvents
 * over HTTP</a>
 */
final class ZotEvents implements EventFormat {

    @Override
    public Stream<Notification> read(String registry, JsonNode body, HttpHeaders headers) {
        boolean structured = body.has("specversion");
        String type = structured ? text(body, "type") : headers.getFirst("ce-type");
        return about(structured ? body.path("data") : body, (type != null) ? type : "");
    }

    private static Stream<Notification> about(JsonNode data, String type) {
        if (type.endsWith(".image.updated")) {
            return Stream.of(notification(Kind.PUSH, data));
        }
        return type.endsWith(".image.deleted") ? Stream.of(notification(Kind.DELETE, data)) : Stream.empty();
    }

    private static Notification notification(Kind kind, JsonNode data) {
        String digest = text(data, "digest");
        String reference = word(data, "reference");
        return (digest == null) ? Notification.byReference(kind, null, text(data, "name"), reference)
                : new Notification(kind, text(data, "name"), reference, digest);
    }

}
