package dev.dejavu.webhook;

import java.util.stream.Stream;

import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.RegistryEvent.Kind;

import static dev.dejavu.webhook.EventFormat.text;

/**
 * The pushes that Docker Hub reports. It sends no secret, but calls any URL.
 *
 * @see <a href="https://docs.docker.com/docker-hub/repos/manage/webhooks/">Webhooks</a>
 */
final class DockerHubEvents implements EventFormat {

    @Override
    public boolean takesUrlSecret() {
        return true;
    }

    @Override
    public Stream<Notification> read(String registry, JsonNode body, HttpHeaders headers) {
        return Stream.of(new Notification(Kind.PUSH, text(body.path("repository"), "repo_name"),
                text(body.path("push_data"), "tag"), null));
    }

}
