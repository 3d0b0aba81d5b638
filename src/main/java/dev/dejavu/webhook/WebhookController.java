package dev.dejavu.webhook;

import java.util.List;
import java.util.Locale;
import java.util.Objects;

import io.micrometer.core.instrument.MeterRegistry;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.RegistryEventListener;

/**
 * The HTTP of {@code /webhooks}, behind {@link WebhookAuthentication}. An event that
 * cannot be acted on now is refused, so that the registry sends it again.
 */
@RestController
class WebhookController {

    private final WebhookProperties properties;

    private final RegistryEventListener listener;

    private final JsonMapper json;

    private final MeterRegistry metrics;

    WebhookController(WebhookProperties properties, RegistryEventListener listener, JsonMapper json,
            MeterRegistry metrics) {
        this.properties = properties;
        this.listener = listener;
        this.json = json;
        this.metrics = metrics;
    }

    // Any content type but forms: Spring parses those, and leaves no bytes of the body.
    @PostMapping(path = "/webhooks/{name}", consumes = "!" + MediaType.APPLICATION_FORM_URLENCODED_VALUE)
    ResponseEntity<Void> receive(@PathVariable String name, @RequestHeader HttpHeaders headers,
            @RequestBody(required = false) byte @Nullable [] body) {
        byte[] sent = (body != null) ? body : new byte[0];
        WebhookProperties.Webhook webhook = properties.webhooks().get(name);
        if (webhook == null || !hasItsSignature(webhook, headers, sent)) {
            throw WebhookAuthentication.refusal();
        }
        List<RegistryEvent> events = events(webhook, headers, sent);
        if (!events.isEmpty()) {
            listener.onRegistryEvents(name, events);
        }
        for (RegistryEvent event : events) {
            metrics
                .counter("dejavu.webhook.events", "webhook", name, "kind", event.kind().name().toLowerCase(Locale.ROOT))
                .increment();
        }
        return ResponseEntity.noContent().build();
    }

    private List<RegistryEvent> events(WebhookProperties.Webhook webhook, HttpHeaders headers, byte[] body) {
        try {
            JsonNode read = json.readTree(body);
            if (read.isObject()) {
                return Objects.requireNonNull(webhook.format())
                    .events(Objects.requireNonNull(webhook.registry()), read, headers);
            }
        }
        catch (JacksonException ex) {
            // as any other body that is no object
        }
        throw new ProblemException(Problem.MALFORMED_BODY, "The body must be a JSON object.");
    }

    private static boolean hasItsSignature(WebhookProperties.Webhook webhook, HttpHeaders headers, byte[] body) {
        Signature signature = webhook.signature();
        String header = headers.getFirst(webhook.secretHeader());
        return signature == null
                || (header != null && signature.isOf(body, Objects.requireNonNull(webhook.secret()), header));
    }

}
