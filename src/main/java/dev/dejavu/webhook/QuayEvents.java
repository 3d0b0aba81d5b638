package dev.dejavu.webhook;

import java.util.stream.Stream;

import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.RegistryEvent.Kind;

import static dev.dejavu.webhook.EventFormat.word;

/**
 * The notification "Push to Repository" of Quay, which has no other about tags that come
 * or go. Older versions map each tag to an image. It sends no secret, but calls any URL.
 *
 * @see <a href="https://docs.quay.io/guides/notifications.html">Repository
 * Notifications</a>
 */
final class QuayEvents implements EventFormat {

    @Override
    public boolean takesUrlSecret() {
        return true;
    }

    @Override
    public Stream<Notification> read(String registry, JsonNode body, HttpHeaders headers) {
        String path = word(body, "docker_url");
        JsonNode tags = body.path("updated_tags");
        Stream<String> names = tags.isObject() ? tags.propertyNames().stream()
                : tags.valueStream().map((tag) -> tag.asString(""));
        return names.map((tag) -> Notification.byPath(Kind.PUSH, path, tag, null));
    }

}
