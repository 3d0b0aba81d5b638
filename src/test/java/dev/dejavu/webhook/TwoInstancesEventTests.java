package dev.dejavu.webhook;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.DejavuApplication;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.RegistryProcess;
import dev.dejavu.testing.RequiresRegistry;
import dev.dejavu.testing.Staleness;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * An event that one of two instances on one PostgreSQL receives takes effect on both
 * within a second.
 */
@RequiresRegistry
class TwoInstancesEventTests {

    private static final String SECRET = "sixteen or longer";

    private static final String NAME = "team/app";

    private final List<ConfigurableApplicationContext> services = new ArrayList<>();

    private final String database = Postgres.newDatabase();

    private final RegistryProcess registry = RegistryProcess.start();

    private Http receiver = new Http(0);

    private Http other = new Http(0);

    @BeforeEach
    void start() {
        receiver = service();
        other = service();
    }

    private Http service() {
        ConfigurableApplicationContext service = SpringApplication.run(DejavuApplication.class, "--server.port=0",
                "--spring.datasource.url=" + Postgres.url(Postgres.port(), database), "--dejavu.accept-local=true",
                "--dejavu.registry.allowed=" + registry.host(), "--dejavu.registry.plain-http=" + registry.host(),
                "--dejavu.verification.new-entry-grace=0s", "--dejavu.webhooks.w.format=distribution",
                "--dejavu.webhooks.w.registry=" + registry.host(), "--dejavu.webhooks.w.secret=" + SECRET,
                "--dejavu.webhooks.x.format=distribution", "--dejavu.webhooks.x.registry=registry.example.com",
                "--dejavu.webhooks.x.secret=" + SECRET);
        services.add(service);
        return Http.of(service);
    }

    @AfterEach
    void stop() {
        services.forEach(ConfigurableApplicationContext::close);
        registry.close();
    }

    private void sendEvent(String action, String members) {
        sendEvent("w", action, members);
    }

    private void sendEvent(String webhook, String action, String members) {
        String body = "{\"events\":[{\"action\":\"%s\",\"target\":{\"repository\":\"%s\",%s}}]}".formatted(action, NAME,
                members);
        assertThat(receiver
            .send("POST", "/webhooks/" + webhook, BodyPublishers.ofString(body), "Content-Type", "application/json",
                    "Authorization", SECRET)
            .statusCode()).isEqualTo(204);
    }

    private String resolveRequest(String tag) {
        return "{\"scope\":\"s\",\"repository\":\"%s/%s\",\"tag\":\"%s\",\"platforms\":[\"linux/amd64\"]}"
            .formatted(registry.host(), NAME, tag);
    }

    private String path(String tag) {
        return "/images/" + CacheKey.hashOf("s:" + registry.host() + "/" + NAME + ":" + tag + ":linux/amd64");
    }

    private static String problem(HttpResponse<String> response) {
        return (response.statusCode() == 404) ? json(response).path("type").asString() : "";
    }

    @Test
    void deletionTakesEffectOnBoth() {
        for (int n = 0; n < 10; n++) {
            String tag = "v" + n;
            String digest = registry.push(NAME, tag, "linux/amd64");
            assertThat(other.post("/images/resolve", resolveRequest(tag)).statusCode()).isEqualTo(200);
            Staleness.isBelowOneSecond(() -> receiver.get(path(tag)).statusCode() == 200);
            assertThat(other.get(path(tag)).statusCode()).isEqualTo(200);
            registry.delete(NAME, digest);
            assertThat(other.get(path(tag)).statusCode()).isEqualTo(200);
            sendEvent("delete", (n % 2 == 0) ? "\"digest\":\"" + digest + "\"" : "\"tag\":\"" + tag + "\"");
            Staleness.isBelowOneSecond(() -> receiver.get(path(tag)).statusCode() == 404);
            Staleness.isBelowOneSecond(() -> other.get(path(tag)).statusCode() == 404);
        }
    }

    @Test
    void pushEndsAnAbsenceOnBoth() {
        for (int n = 0; n < 10; n++) {
            String tag = "v" + n;
            for (Http service : List.of(receiver, other)) {
                assertThat(problem(service.post("/images/resolve", resolveRequest(tag)))).endsWith("absent");
            }
            registry.push(NAME, tag, "linux/amd64");
            assertThat(problem(other.get(path(tag)))).endsWith("absent");
            sendEvent("push", "\"tag\":\"" + tag + "\"");
            Staleness.isBelowOneSecond(() -> problem(other.get(path(tag))).endsWith("miss"));
            assertThat(problem(receiver.get(path(tag)))).endsWith("miss");
            assertThat(other.post("/images/resolve", resolveRequest(tag)).statusCode()).isEqualTo(200);
            Staleness.isBelowOneSecond(() -> receiver.get(path(tag)).statusCode() == 200);
        }
    }

    @Test
    void movedTagIsCheckedForBoth() {
        registry.push(NAME, "v1", "linux/amd64");
        assertThat(other.post("/images/resolve", resolveRequest("v1")).statusCode()).isEqualTo(200);
        Staleness.isBelowOneSecond(() -> receiver.get(path("v1")).statusCode() == 200);
        String moved = registry.push(NAME, "v1", "linux/amd64");
        sendEvent("push", "\"tag\":\"v1\",\"digest\":\"" + moved + "\"");
        for (Http service : List.of(receiver, other)) {
            Staleness.isBelowOneSecond(
                    () -> json(service.get(path("v1"))).path("manifest_digest").asString("").equals(moved));
        }
    }

    @Test
    void entryThatIsStoredThroughTheOtherRightAfterAnEventIsServed() {
        String uri = "registry.example.com/" + NAME + ":v1";
        String path = "/images/" + CacheKey.hashOf(uri);
        for (int n = 0; n < 50; n++) {
            sendEvent("x", "delete", "\"tag\":\"v1\"");
            assertThat(other.put(path, "{\"image_uri\":\"" + uri + "\"}").statusCode()).isIn(200, 201);
            Staleness.isBelowOneSecond(() -> receiver.get(path).statusCode() == 200);
            assertThat(other.get(path).statusCode()).isEqualTo(200);
        }
    }

}
