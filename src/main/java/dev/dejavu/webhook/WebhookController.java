package dev.dejavu.webhook;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

import io.micrometer.core.instrument.MeterRegistry;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestMethod;
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

    private static final Pattern ORIGIN = Pattern.compile("[a-zA-Z0-9.-]{1,253}");

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
    ResponseEntity<Map<String, String>> receive(@PathVariable String name, @RequestHeader HttpHeaders headers,
            @RequestBody(required = false) byte @Nullable [] body) {
        byte[] sent = (body != null) ? body : new byte[0];
        WebhookProperties.Webhook webhook = properties.webhooks().get(name);
        if (webhook == null || !hasItsSignature(webhook, headers, sent)) {
            throw WebhookAuthentication.refusal();
        }
        JsonNode read = read(webhook, sent);
        String code = webhook.reader().validationCode(read);
        if (code != null) {
            return ResponseEntity.ok(Map.of("validationResponse", code));
        }
        accept(name, Objects.requireNonNull(webhook.format())
            .events(Objects.requireNonNull(webhook.registry()), read, headers));
        return ResponseEntity.noContent().build();
    }

    private void accept(String name, List<RegistryEvent> events) {
        if (!events.isEmpty()) {
            listener.onRegistryEvents(name, events);
        }
        for (RegistryEvent event : events) {
            metrics
                .counter("dejavu.webhook.events", "webhook", name, "kind", event.kind().name().toLowerCase(Locale.ROOT))
                .increment();
        }
    }

    /**
     * Agrees to events, when their sender asks first: the handshake of HTTP 1.1 Web Hooks
     * for Event Delivery, of CloudEvents.
     */
    @RequestMapping(path = "/webhooks/{name}", method = RequestMethod.OPTIONS)
    ResponseEntity<Void> agree(
            @RequestHeader(name = "WebHook-Request-Origin", required = false) @Nullable String origin) {
        ResponseEntity.BodyBuilder response = ResponseEntity.ok().allow(HttpMethod.POST, HttpMethod.OPTIONS);
        if (origin != null && ORIGIN.matcher(origin).matches()) {
            response.header("WebHook-Allowed-Origin", origin).header("WebHook-Allowed-Rate", "*");
        }
        return response.build();
    }

    private JsonNode read(WebhookProperties.Webhook webhook, byte[] body) {
        boolean takesArrays = webhook.reader().takesArrays();
        try {
            JsonNode read = json.readTree(body);
            if (read.isObject() || (takesArrays && read.isArray())) {
                return read;
            }
        }
        catch (JacksonException ex) {
            // as any other body that is no object
        }
        throw new ProblemException(Problem.MALFORMED_BODY,
                "The body must be a JSON object" + (takesArrays ? " or array." : "."));
    }

    private static boolean hasItsSignature(WebhookProperties.Webhook webhook, HttpHeaders headers, byte[] body) {
        Signature signature = webhook.signature();
        String header = headers.getFirst(webhook.secretHeader());
        return signature == null
                || (header != null && signature.isOf(body, Objects.requireNonNull(webhook.secret()), header));
    }

}
