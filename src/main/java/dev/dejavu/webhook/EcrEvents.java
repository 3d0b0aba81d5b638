package dev.dejavu.webhook;

import java.util.stream.Stream;

import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.RegistryEvent.Kind;

import static dev.dejavu.webhook.EventFormat.text;
import static dev.dejavu.webhook.EventFormat.word;

/**
 * An event of Amazon's registry, sent by an API destination of EventBridge.
 *
 * @see <a href=
 * "https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html">Amazon
 * ECR events and EventBridge</a>
 */
final class EcrEvents implements EventFormat {

    @Override
    public String header() {
        return "X-Api-Key";
    }

    @Override
    public Stream<Notification> read(String registry, JsonNode body, HttpHeaders headers) {
        JsonNode detail = body.path("detail");
        if (!word(detail, "result").equals("SUCCESS")) {
            return Stream.empty();
        }
        return switch (word(body, "detail-type") + ": " + word(detail, "action-type")) {
            case "ECR Image Action: PUSH" -> about(detail, Kind.PUSH);
            case "ECR Image Action: DELETE" -> about(detail, Kind.DELETE);
            default -> Stream.empty();
        };
    }

    private static Stream<Notification> about(JsonNode detail, Kind kind) {
        return Stream.of(new Notification(kind, text(detail, "repository-name"), text(detail, "image-tag"),
                text(detail, "image-digest")));
    }

}
