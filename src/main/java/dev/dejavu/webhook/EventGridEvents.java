package dev.dejavu.webhook;

import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.RegistryEvent.Kind;

import static dev.dejavu.webhook.EventFormat.text;
import static dev.dejavu.webhook.EventFormat.word;

/**
 * Events of Azure Container Registry through Event Grid, in its own schema and as
 * CloudEvents, one or many.
 *
 * @see <a href=
 * "https://learn.microsoft.com/azure/event-grid/event-schema-container-registry">Azure
 * Container Registry as an Event Grid source</a>
 * @see <a href=
 * "https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema">Endpoint
 * validation</a>
 */
final class EventGridEvents implements EventFormat {

    private static final int MAX_CODE = 512;

    @Override
    public boolean takesUrlSecret() {
        return true;
    }

    @Override
    public boolean takesArrays() {
        return true;
    }

    @Override
    public @Nullable String validationCode(JsonNode body) {
        return events(body).filter((event) -> type(event).equals("Microsoft.EventGrid.SubscriptionValidationEvent"))
            .map((event) -> word(event.path("data"), "validationCode"))
            .filter((code) -> !code.isEmpty() && code.length() <= MAX_CODE)
            .findFirst()
            .orElse(null);
    }

    @Override
    public Stream<Notification> read(String registry, JsonNode body, HttpHeaders headers) {
        return events(body).filter((event) -> isOf(registry, word(event.path("data").path("request"), "host")))
            .flatMap(EventGridEvents::notification);
    }

    private static Stream<Notification> notification(JsonNode event) {
        JsonNode target = event.path("data").path("target");
        return switch (type(event)) {
            case "Microsoft.ContainerRegistry.ImagePushed" -> DistributionEvents.about(target, Kind.PUSH);
            case "Microsoft.ContainerRegistry.ImageDeleted" -> DistributionEvents.about(target, Kind.DELETE);
            default -> Stream.empty();
        };
    }

    private static Stream<JsonNode> events(JsonNode body) {
        return body.isArray() ? body.valueStream() : Stream.of(body);
    }

    private static String type(JsonNode event) {
        String type = text(event, "eventType");
        return (type != null) ? type : word(event, "type");
    }

    /**
     * Whether a host is of the registry: a subscription may have the events of several. A
     * registry has one name at all its endpoints; one behind another domain cannot be
     * told from others.
     */
    private static boolean isOf(String registry, String host) {
        return host.isEmpty() || !registry.contains(".azurecr.") || name(registry).equalsIgnoreCase(name(host));
    }

    private static String name(String host) {
        return host.replaceFirst("\\..*", "");
    }

}
