package dev.dejavu.webhook;

import java.util.List;
import java.util.Map;

import org.springframework.stereotype.Component;

/**
 * The webhooks that are configured, for pages about them.
 */
@Component
public class Webhooks {

    private final WebhookProperties properties;

    Webhooks(WebhookProperties properties) {
        this.properties = properties;
    }

    /** All, by their names. */
    public List<Webhook> list() {
        return properties.webhooks()
            .entrySet()
            .stream()
            .sorted(Map.Entry.comparingByKey())
            .map((webhook) -> new Webhook(webhook.getKey(), String.valueOf(webhook.getValue().format()),
                    String.valueOf(webhook.getValue().registry())))
            .toList();
    }

    /**
     * A webhook.
     *
     * @param name in its path
     * @param format of its events
     * @param registry whose events it takes
     */
    public record Webhook(String name, String format, String registry) {
    }

}
