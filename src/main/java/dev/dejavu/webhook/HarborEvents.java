package dev.dejavu.webhook;

import java.util.Locale;
import java.util.stream.Stream;

import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.RegistryEvent.Kind;

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
            case "tag_retention", "harbor.tag_retention.finished" -> retention(data.path("retention"));
            case "replication", "harbor.replication.status.changed" -> replication(data.path("replication"));
            default -> Stream.empty();
        };
    }

    private static Stream<Notification> artifacts(JsonNode data, Kind kind) {
        String name = text(data.path("repository"), "repo_full_name");
        return data.path("resources")
            .valueStream()
            .map((resource) -> new Notification(kind, name, text(resource, "tag"), text(resource, "digest")));
    }

    /**
     * Retention deletes artifacts with all their tags, of which one is named; Harbor
     * before 2.8 names one artifact of them all. So all of a named repository is
     * affected, but where the name has a digest.
     */
    private static Stream<Notification> retention(JsonNode retention) {
        String project = word(retention, "project_name");
        return retention.path("deleted_artifact")
            .valueStream()
            .map((artifact) -> word(artifact, "name_tag"))
            .filter((name) -> !name.isEmpty())
            .map((name) -> new Notification(Kind.DELETE, project + "/" + name.replaceFirst("[:@].*", ""), null,
                    (name.indexOf('@') >= 0) ? name.substring(name.indexOf('@') + 1) : null));
    }

    /**
     * A replication to this registry pushes or deletes, and its event does not say which;
     * one to another registry changes nothing here.
     */
    private static Stream<Notification> replication(JsonNode replication) {
        JsonNode destination = replication.path("dest_resource");
        String host = word(destination, "endpoint").replaceFirst("^[a-z]+://", "").replaceFirst("/.*", "");
        return Stream.of("successful_artifact", "failed_artifact")
            .flatMap((member) -> replication.path(member).valueStream())
            .flatMap((artifact) -> replicated(host, word(destination, "namespace"), artifact));
    }

    private static Stream<Notification> replicated(String host, String namespace, JsonNode artifact) {
        String name = namespace + "/" + word(artifact, "name_tag").replaceFirst("[ :@].*", "");
        JsonNode references = artifact.path("references");
        return Stream.of(Kind.PUSH, Kind.DELETE)
            .flatMap((kind) -> references.isEmpty() ? Stream.of(new Notification(kind, host, name, null, null))
                    : references.valueStream()
                        .map((reference) -> Notification.byReference(kind, host, name, reference.asString(""))));
    }

}
