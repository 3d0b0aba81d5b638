package dev.dejavu.webhook;

import java.util.Locale;
import java.util.stream.Stream;

import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.RegistryEvent.Kind;

import static dev.dejavu.webhook.EventFormat.text;
import static dev.dejavu.webhook.EventFormat.word;

/**
 * Envelopes of many events. Pushes of layers are among them, and each HEAD is a pull. A
 * deleted repository has neither tag nor digest.
 *
 * @see <a href=
 * "https://distribution.github.io/distribution/about/notifications/">Notifications</a>
 * @see <a href=
 * "https://docs.gitlab.com/administration/packages/container_registry/#configure-container-registry-notifications">GitLab's
 * container registry</a>
 */
final class DistributionEvents implements EventFormat {

    @Override
    public Stream<Notification> read(String registry, JsonNode body, HttpHeaders headers) {
        return body.path("events").valueStream().flatMap(DistributionEvents::notification);
    }

    /** One event of an envelope. */
    static Stream<Notification> notification(JsonNode event) {
        return switch (word(event, "action").toLowerCase(Locale.ROOT)) {
            case "push" -> about(event.path("target"), Kind.PUSH);
            case "delete" -> about(event.path("target"), Kind.DELETE);
            default -> Stream.empty();
        };
    }

    /** What happened to the target of an event. */
    static Stream<Notification> about(JsonNode target, Kind kind) {
        boolean layer = word(target, "url").contains("/blobs/");
        return layer ? Stream.empty() : Stream
            .of(new Notification(kind, text(target, "repository"), text(target, "tag"), text(target, "digest")));
    }

}
