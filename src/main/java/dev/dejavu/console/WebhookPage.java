package dev.dejavu.console;

import java.time.Clock;
import java.time.Instant;
import java.util.List;

import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;

import dev.dejavu.webhook.Webhooks;

/**
 * The page of the webhooks.
 */
@Page
class WebhookPage {

    private final Webhooks webhooks;

    private final RecentEvents events;

    private final Clock clock;

    WebhookPage(Webhooks webhooks, RecentEvents events, Clock clock) {
        this.webhooks = webhooks;
        this.events = events;
        this.clock = clock;
    }

    @GetMapping("/console/webhooks")
    String webhooks(Model model) {
        Instant now = clock.instant();
        model.addAttribute("webhooks",
                webhooks.list()
                    .stream()
                    .map((webhook) -> new Row(webhook.name(), webhook.format(), webhook.registry(),
                            PublicLinks.url("/webhooks/" + webhook.name())))
                    .toList());
        model.addAttribute("events", events.list()
            .map((event) -> new EventRow(event.webhook(), event.kind(), event.image(), Moment.of(event.at(), now))));
        return "console/webhooks";
    }

    record Row(String name, String format, String registry, String url) {
    }

    record EventRow(String webhook, String kind, String image, Moment at) {
    }

}
