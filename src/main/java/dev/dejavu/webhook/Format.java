package dev.dejavu.webhook;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.RegistryEvent.Kind;

/**
 * The formats of the events of registries. An event that is not understood is ignored, as
 * new versions bring new kinds.
 */
enum Format {

    /**
     * Envelopes of many events, as Docker's registry 2.8 sends them. Pushes of layers are
     * among them, and each HEAD is a pull.
     * @see <a href=
     * "https://distribution.github.io/distribution/about/notifications/">Notifications</a>
     */
    DISTRIBUTION(HttpHeaders.AUTHORIZATION),

    /**
     * Either of Harbor's formats, "Default" and "CloudEvents".
     * @see <a href=
     * "https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/">Configure
     * Webhook Notifications</a>
     */
    HARBOR(HttpHeaders.AUTHORIZATION),

    /**
     * CloudEvents over HTTP: in binary mode the type is a header and the body is the
     * data, in structured mode both are members.
     * @see <a href="https://zotregistry.dev/latest/articles/events/">Event Support</a>
     * @see <a href=
     * "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md">CloudEvents
     * over HTTP</a>
     */
    ZOT(HttpHeaders.AUTHORIZATION),

    /**
     * One event of Azure's registry, shaped as those of distribution.
     * @see <a href=
     * "https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference">Webhook
     * reference</a>
     */
    ACR(HttpHeaders.AUTHORIZATION),

    /**
     * An event of Amazon's registry, sent by an API destination of EventBridge.
     * @see <a href=
     * "https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html">Amazon
     * ECR events and EventBridge</a>
     */
    ECR("X-Api-Key"),

    /**
     * The events of JFrog's domain "docker".
     * @see <a href="https://docs.jfrog.com/administration/docs/event-types">Event
     * Types</a>
     */
    JFROG("X-JFrog-Event-Auth");

    /** In any of the formats. */
    private static final List<String> PUSHES = List.of("push", "push_artifact", "harbor.artifact.pushed", "pushed",
            "promoted");

    private static final List<String> DELETES = List.of("delete", "delete_artifact", "harbor.artifact.deleted",
            "deleted");

    private static final String NAME = "[a-z0-9._/-]{1,255}";

    private static final String TAG = "\\w[\\w.-]{0,127}";

    private static final String DIGEST = "[a-z0-9]{1,32}:[0-9a-f]{32,128}";

    private final String header;

    Format(String header) {
        this.header = header;
    }

    /** The header in which such registries send a secret. */
    String header() {
        return header;
    }

    /**
     * The events in a request.
     * @param registry of the images, as in their URIs
     */
    List<RegistryEvent> events(String registry, JsonNode body, HttpHeaders headers) {
        return notifications(body, headers).map((notification) -> event(registry, notification))
            .filter(Objects::nonNull)
            .distinct()
            .toList();
    }

    private Stream<Notification> notifications(JsonNode body, HttpHeaders headers) {
        return switch (this) {
            case DISTRIBUTION -> children(body.path("events")).map(Format::distribution);
            case HARBOR -> harbor(body);
            case ZOT -> Stream.of(zot(body, headers.getFirst("ce-type")));
            case ACR -> Stream.of(distribution(body));
            case ECR -> Stream.of(ecr(body));
            case JFROG -> jfrog(body);
        };
    }

    private static Notification distribution(JsonNode event) {
        JsonNode target = event.path("target");
        String url = text(target, "url");
        boolean layer = url != null && url.contains("/blobs/");
        return new Notification(layer ? null : text(event, "action"), text(target, "repository"), text(target, "tag"),
                text(target, "digest"));
    }

    private static Stream<Notification> harbor(JsonNode body) {
        JsonNode data = body.has("specversion") ? body.path("data") : body.path("event_data");
        return children(data.path("resources")).map((resource) -> new Notification(text(body, "type"),
                text(data.path("repository"), "repo_full_name"), text(resource, "tag"), text(resource, "digest")));
    }

    private static Notification zot(JsonNode body, @Nullable String type) {
        JsonNode data = body.has("specversion") ? body.path("data") : body;
        String reference = text(data, "reference");
        boolean byDigest = reference != null && reference.indexOf(':') >= 0;
        return new Notification(body.has("specversion") ? text(body, "type") : type, text(data, "name"),
                byDigest ? null : reference, text(data, "digest"));
    }

    private static Notification ecr(JsonNode body) {
        JsonNode detail = body.path("detail");
        boolean done = "ECR Image Action".equals(text(body, "detail-type")) && "SUCCESS".equals(text(detail, "result"));
        return new Notification(done ? text(detail, "action-type") : null, text(detail, "repository-name"),
                text(detail, "image-tag"), text(detail, "image-digest"));
    }

    /**
     * Whether URIs have the repository's key in their path, or in the name or the port of
     * the host, is a setting of the registry. An event about a URI that no entry has does
     * nothing.
     */
    private static Stream<Notification> jfrog(JsonNode body) {
        JsonNode data = body.path("data");
        String type = "docker".equals(text(body, "domain")) ? text(body, "event_type") : null;
        String sha256 = text(data, "sha256");
        String digest = (sha256 != null) ? "sha256:" + sha256 : null;
        String name = text(data, "image_name");
        return Stream.of("", text(data, "repo_key") + "/")
            .map((prefix) -> new Notification(type, (name != null) ? prefix + name : null, text(data, "tag"), digest));
    }

    private static @Nullable RegistryEvent event(String registry, Notification notification) {
        Kind kind = kind(notification.type());
        String name = (notification.name() != null) ? notification.name().toLowerCase(Locale.ROOT) : "";
        if (kind == null || !name.matches(NAME)) {
            return null;
        }
        String repository = registry.toLowerCase(Locale.ROOT) + "/" + name;
        String digest = formed(notification.digest(), DIGEST);
        // A deleted manifest may have had any tag, and any index may need it.
        return (kind == Kind.DELETE && digest != null) ? new RegistryEvent(kind, repository, null, null)
                : new RegistryEvent(kind, repository, formed(notification.tag(), TAG), digest);
    }

    private static @Nullable Kind kind(@Nullable String type) {
        String lower = (type != null) ? type.toLowerCase(Locale.ROOT) : "";
        // zot's have a prefix that is a setting
        if (PUSHES.contains(lower) || lower.endsWith(".image.updated")) {
            return Kind.PUSH;
        }
        return (DELETES.contains(lower) || lower.endsWith(".image.deleted")) ? Kind.DELETE : null;
    }

    private static Stream<JsonNode> children(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }

    private static @Nullable String text(JsonNode node, String member) {
        JsonNode value = node.path(member);
        return value.isString() ? value.asString() : null;
    }

    private static @Nullable String formed(@Nullable String text, String form) {
        return (text != null && text.matches(form)) ? text : null;
    }

    /**
     * An event as the registry sent it.
     */
    private record Notification(@Nullable String type, @Nullable String name, @Nullable String tag,
            @Nullable String digest) {
    }

}
