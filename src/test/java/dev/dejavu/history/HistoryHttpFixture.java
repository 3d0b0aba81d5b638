package dev.dejavu.history;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.BeforeEach;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.SettableClock;

import static dev.dejavu.testing.Http.json;

/**
 * A service with tokens and a webhook.
 */
@TestPropertySource(properties = { "dejavu.access.mode=tokens", "dejavu.admin-token=" + HistoryHttpFixture.ADMIN,
        "dejavu.webhooks.harbor.format=harbor", "dejavu.webhooks.harbor.registry=harbor.example.com",
        "dejavu.webhooks.harbor.secret=" + HistoryHttpFixture.ADMIN })
abstract class HistoryHttpFixture {

    static final String ADMIN = "an-administrator-of-the-tests";

    @Autowired
    SettableClock clock = new SettableClock();

    private Http http = new Http(0);

    @BeforeEach
    void connect(@LocalServerPort int port) {
        http = new Http(port);
    }

    void step() {
        clock.advance(Duration.ofSeconds(1));
    }

    HttpResponse<String> send(String token, String method, String path, String body) {
        return http.send(method, path, BodyPublishers.ofString(body), "Content-Type", "application/json",
                "Authorization", "Bearer " + token);
    }

    /** An event that a tag of a repository of harbor.example.com was deleted. */
    void deleteTag(String repository, String tag) {
        http.send("POST", "/webhooks/harbor",
                BodyPublishers.ofString("{\"type\":\"DELETE_ARTIFACT\",\"event_data\":{\"resources\":[{\"tag\":\"" + tag
                        + "\"}],\"repository\":{\"repo_full_name\":\"" + repository + "\"}}}"),
                "Content-Type", "application/json", "Authorization", ADMIN);
    }

    /**
     * A new token.
     * @param members more of them, each after a comma
     */
    String token(String role, String members) {
        String name = "h" + Keys.next().hex().substring(0, 30);
        return json(
                send(ADMIN, "POST", "/tokens", "{\"name\":\"" + name + "\",\"role\":\"" + role + "\"" + members + "}"))
            .path("secret")
            .asString();
    }

    String name(String token) {
        return json(send(token, "GET", "/identity", "")).path("name").asString();
    }

    static List<String> texts(JsonNode nodes, String member) {
        return nodes.valueStream().map((node) -> node.path(member).asString("")).toList();
    }

}
