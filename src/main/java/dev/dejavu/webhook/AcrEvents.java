package dev.dejavu.webhook;

import java.util.stream.Stream;

import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

/**
 * One event of a webhook of Azure's registry, shaped as those of distribution.
 *
 * @see <a href=
 * "https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference">Webhook
 * reference</a>
 */
final class AcrEvents implements EventFormat {

    @Override
    public Stream<Notification> read(String registry, JsonNode body, HttpHeaders headers) {
        return DistributionEvents.notification(body);
    }

}
