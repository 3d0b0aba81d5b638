package dev.dejavu.webhook;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.RegistryEvent.Kind;

import static dev.dejavu.webhook.EventFormat.text;
import static dev.dejavu.webhook.EventFormat.word;

/**
 * An event of Amazon's registry, sent by an API destination of EventBridge. It names the
 * account and the region of its registry. An archived image cannot be pulled.
 *
 * @see <a href=
 * "https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html">Amazon
 * ECR events and EventBridge</a>
 */
final class EcrEvents implements EventFormat {

    private static final Pattern HOST = Pattern
        .compile("(?<account>[0-9]{12})\\.dkr[.-]ecr(?:-fips)?\\.(?<region>[a-z0-9-]+)\\..*");

    @Override
    public String header() {
        return "X-Api-Key";
    }

    @Override
    public Stream<Notification> read(String registry, JsonNode body, HttpHeaders headers) {
        JsonNode detail = body.path("detail");
        if (!isOf(registry, body) || !word(detail, "result").equals("SUCCESS")) {
            return Stream.empty();
        }
        return switch (word(body, "detail-type") + ": " + word(detail, "action-type")) {
            case "ECR Image Action: PUSH", "ECR Replication Action: REPLICATE" -> about(detail, Kind.PUSH);
            case "ECR Image Action: DELETE" -> about(detail, Kind.DELETE);
            case "ECR Image Action: UPDATE_STORAGE_CLASS" ->
                about(detail, word(detail, "target-storage-class").equals("ARCHIVE") ? Kind.DELETE : Kind.PUSH);
            default -> Stream.empty();
        };
    }

    private static boolean isOf(String registry, JsonNode body) {
        Matcher host = HOST.matcher(registry);
        return !host.matches() || (isOrMissing(host.group("account"), word(body, "account"))
                && isOrMissing(host.group("region"), word(body, "region")));
    }

    private static boolean isOrMissing(String expected, String actual) {
        return actual.isEmpty() || actual.equals(expected);
    }

    private static Stream<Notification> about(JsonNode detail, Kind kind) {
        return Stream.of(new Notification(kind, text(detail, "repository-name"), text(detail, "image-tag"),
                text(detail, "image-digest")));
    }

}
