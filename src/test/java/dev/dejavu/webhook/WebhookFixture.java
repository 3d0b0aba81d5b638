package dev.dejavu.webhook;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import org.junit.jupiter.api.BeforeEach;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * A service with webhooks that may check no registry, so that events take effect at once.
 */
@TestPropertySource(properties = { "dejavu.webhooks.distribution.format=distribution",
        "dejavu.webhooks.distribution.registry=Registry.example.com:5000",
        "dejavu.webhooks.distribution.secret=" + WebhookFixture.SECRET, "dejavu.webhooks.harbor.format=harbor",
        "dejavu.webhooks.harbor.registry=registry.example.com:5000",
        "dejavu.webhooks.harbor.secret=" + WebhookFixture.SECRET, "dejavu.webhooks.zot.format=zot",
        "dejavu.webhooks.zot.registry=registry.example.com:5000", "dejavu.webhooks.zot.secret=" + WebhookFixture.SECRET,
        "dejavu.webhooks.acr.format=acr", "dejavu.webhooks.acr.registry=registry.example.com:5000",
        "dejavu.webhooks.acr.secret=" + WebhookFixture.SECRET, "dejavu.webhooks.ecr.format=ecr",
        "dejavu.webhooks.ecr.registry=registry.example.com:5000", "dejavu.webhooks.ecr.secret=" + WebhookFixture.SECRET,
        "dejavu.webhooks.jfrog.format=jfrog", "dejavu.webhooks.jfrog.registry=registry.example.com:5000",
        "dejavu.webhooks.jfrog.secret=" + WebhookFixture.SECRET, "dejavu.webhooks.signed.format=jfrog",
        "dejavu.webhooks.signed.registry=registry.example.com:5000/team",
        "dejavu.webhooks.signed.secret=" + WebhookFixture.SECRET, "dejavu.webhooks.signed.signed=true",
        "dejavu.webhooks.nexus.format=nexus", "dejavu.webhooks.nexus.registry=registry.example.com:5000",
        "dejavu.webhooks.nexus.secret=" + WebhookFixture.SECRET, "dejavu.webhooks.github.format=github",
        "dejavu.webhooks.github.registry=ghcr.io", "dejavu.webhooks.github.secret=" + WebhookFixture.SECRET,
        "dejavu.webhooks.docker-hub.format=docker-hub", "dejavu.webhooks.docker-hub.registry=docker.io",
        "dejavu.webhooks.docker-hub.secret=" + WebhookFixture.SECRET, "dejavu.webhooks.quay.format=quay",
        "dejavu.webhooks.quay.registry=quay.io", "dejavu.webhooks.quay.secret=" + WebhookFixture.SECRET,
        "dejavu.webhooks.gar.format=gar", "dejavu.webhooks.gar.registry=us-docker.pkg.dev",
        "dejavu.webhooks.gar.secret=" + WebhookFixture.SECRET, "dejavu.webhooks.event-grid.format=event-grid",
        "dejavu.webhooks.event-grid.registry=acme.azurecr.io",
        "dejavu.webhooks.event-grid.secret=" + WebhookFixture.SECRET, "dejavu.access.mode=tokens",
        "dejavu.admin-token=an-administrator-of-the-tests" })
abstract class WebhookFixture {

    static final String SECRET = "sixteen+or longer";

    static final String DIGEST = "sha256:" + "2bb501e6".repeat(8);

    static final String DISTRIBUTION = """
            {"events": [{"id": "1", "action": "delete", "target": {"repository": "team/app", "tag": "v1"}}]}
            """;

    static final String REPOSITORY = "registry.example.com:5000/team/app";

    Http http = new Http(0);

    @BeforeEach
    void begin(@LocalServerPort int port) {
        this.http = new Http(port);
    }

    HttpResponse<String> call(String method, String path, String body) {
        return http.send(method, path, BodyPublishers.ofString(body), "Content-Type", "application/json",
                "Authorization", "Bearer an-administrator-of-the-tests");
    }

    String stored(String uri) {
        String path = "/images/" + Keys.next();
        assertThat(call("PUT", path, "{\"image_uri\":\"" + uri + "\"}").statusCode()).isEqualTo(201);
        return path;
    }

    boolean isPresent(String path) {
        return call("GET", path, "").statusCode() == 200;
    }

    HttpResponse<String> send(String webhook, String body, String... headers) {
        List<String> all = new ArrayList<>(List.of(headers));
        all.addAll(List.of("Content-Type", "application/json"));
        return http.send("POST", "/webhooks/" + webhook, BodyPublishers.ofString(body), all.toArray(String[]::new));
    }

    void sendAccepted(String webhook, String body, String... headers) {
        List<String> all = new ArrayList<>(List.of(headers));
        all.addAll(
                List.of(Format.valueOf(webhook.toUpperCase(Locale.ROOT).replace('-', '_')).reader().header(), SECRET));
        HttpResponse<String> response = send(webhook, body, all.toArray(String[]::new));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(204);
        assertThat(response.body()).isEmpty();
    }

}
