package dev.dejavu.webhook;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

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
 * The HTTP of {@code /webhooks}. An event that cannot be obeyed now is refused, so that
 * the registry sends it again.
 */
@RestController
class WebhookController {

    private static final String HMAC = "HmacSHA256";

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

    // Whatever a registry calls it; of a form not even the bytes are left.
    @PostMapping(path = "/webhooks/{name}", consumes = "!" + MediaType.APPLICATION_FORM_URLENCODED_VALUE)
    ResponseEntity<Void> take(@PathVariable String name, @RequestHeader HttpHeaders headers,
            @RequestBody(required = false) byte @Nullable [] body) {
        byte[] sent = (body != null) ? body : new byte[0];
        WebhookProperties.Webhook webhook = properties.webhooks().get(name);
        if (webhook == null || !isFrom(webhook, headers, sent)) {
            throw new ProblemException(Problem.UNAUTHENTICATED,
                    "There is no such webhook, or what is sent does not show its secret.");
        }
        for (RegistryEvent event : events(webhook, headers, sent)) {
            listener.onRegistryEvent(event);
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
                return format(webhook).events(Objects.requireNonNull(webhook.registry()), read, headers);
            }
        }
        catch (JacksonException ex) {
            // said below
        }
        throw new ProblemException(Problem.MALFORMED_BODY, "The body must be a JSON object.");
    }

    private static Format format(WebhookProperties.Webhook webhook) {
        return Objects.requireNonNull(webhook.format());
    }

    /** Takes as long for a wrong secret as for the right one. */
    private static boolean isFrom(WebhookProperties.Webhook webhook, HttpHeaders headers, byte[] body) {
        String header = (webhook.header() != null) ? webhook.header() : format(webhook).header();
        String shown = headers.getFirst(header);
        if (shown == null) {
            return false;
        }
        byte[] secret = Objects.requireNonNull(webhook.secret()).getBytes(StandardCharsets.UTF_8);
        return webhook.signed()
                ? isEqual(HexFormat.of().formatHex(hmac(secret, body)).getBytes(StandardCharsets.UTF_8),
                        shown.replaceFirst("^sha256=", "").toLowerCase(Locale.ROOT))
                : isEqual(secret, shown) || isEqual(secret, shown.replaceFirst("(?i)^bearer +", ""))
                        || isEqual(secret, password(shown));
    }

    private static boolean isEqual(byte[] secret, String shown) {
        return MessageDigest.isEqual(secret, shown.getBytes(StandardCharsets.UTF_8));
    }

    private static String password(String shown) {
        try {
            String login = new String(Base64.getDecoder().decode(shown.replaceFirst("(?i)^basic +", "")),
                    StandardCharsets.UTF_8);
            return login.substring(login.indexOf(':') + 1);
        }
        catch (IllegalArgumentException ex) {
            return "";
        }
    }

    private static byte[] hmac(byte[] secret, byte[] body) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            mac.init(new SecretKeySpec(secret, HMAC));
            return mac.doFinal(body);
        }
        catch (GeneralSecurityException ex) {
            throw new IllegalStateException(ex);
        }
    }

}
