package dev.dejavu.webhook;

import java.net.http.HttpRequest.BodyPublishers;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

import dev.dejavu.DejavuApplication;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.LoopbackRegistry;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.Staleness;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Two instances whose clocks differ by ten minutes: what counts is the order of events
 * and verifications, not their times.
 */
class SkewedClocksTests {

    private static final String SECRET = "sixteen or longer";

    private static final Duration SKEW = Duration.ofMinutes(10);

    private final LoopbackRegistry registry = new LoopbackRegistry();

    private final String database = Postgres.newDatabase();

    private final List<ConfigurableApplicationContext> services = new ArrayList<>();

    private Http service(Duration skew) {
        SpringApplication application = new SpringApplication(DejavuApplication.class);
        application.addInitializers((context) -> ((GenericApplicationContext) context).registerBean("skewedClock",
                Clock.class, () -> Clock.offset(Clock.systemUTC(), skew), (bean) -> bean.setPrimary(true)));
        ConfigurableApplicationContext service = application.run("--server.port=0",
                "--spring.datasource.url=" + Postgres.url(Postgres.port(), database), "--dejavu.accept-local=true",
                "--dejavu.registry.allowed=" + registry.host(), "--dejavu.registry.plain-http=" + registry.host(),
                "--dejavu.verification.new-entry-grace=0s", "--dejavu.verification.checks-per-second=1000",
                "--dejavu.webhooks.w.format=distribution", "--dejavu.webhooks.w.registry=" + registry.host(),
                "--dejavu.webhooks.w.secret=" + SECRET);
        services.add(service);
        return Http.of(service);
    }

    @AfterEach
    void stop() {
        services.forEach(ConfigurableApplicationContext::close);
        registry.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = { true, false })
    void eventIsObeyedAndACheckAfterItCounts(boolean receiverIsAhead) {
        Http receiver = service(receiverIsAhead ? SKEW : Duration.ZERO);
        Http other = service(receiverIsAhead ? Duration.ZERO : SKEW);
        for (int n = 0; n < 5; n++) {
            String tag = "v" + n;
            String uri = registry.host() + "/team/app:" + tag;
            String path = "/images/" + CacheKey.hashOf(uri);
            put(other, path, uri);
            await().until(() -> isConfirmed(other, path) && isConfirmed(receiver, path));
            registry.delete(uri);
            send(receiver, "delete", tag);
            Staleness.isBelowOneSecond(() -> other.get(path).statusCode() == 404);
            Staleness.isBelowOneSecond(() -> receiver.get(path).statusCode() == 404);
            registry.push(uri);
            send(receiver, "push", tag);
            for (Http writer : List.of(other, receiver)) {
                put(writer, path, uri);
                await().until(() -> isConfirmed(other, path) && isConfirmed(receiver, path));
            }
        }
    }

    @Test
    void imageThatIsTakenBackThroughOneIsConfirmedThroughTheOther() {
        Http one = service(SKEW);
        Http other = service(Duration.ZERO);
        String uri = registry.host() + "/team/app:v1";
        String path = "/images/" + CacheKey.hashOf(uri);
        put(other, path, uri);
        for (List<Http> each : List.of(List.of(one, other), List.of(other, one))) {
            await().until(() -> isConfirmed(one, path) && isConfirmed(other, path));
            assertThat(each.getFirst()
                .send("POST", path + "/invalidate", BodyPublishers.ofString("{}"), "Content-Type", "application/json")
                .statusCode()).isEqualTo(204);
            await().until(() -> isConfirmed(each.getLast(), path));
        }
    }

    private static boolean isConfirmed(Http http, String path) {
        return json(http.get(path)).path("verified_by").asString("").equals("registry");
    }

    private static void put(Http http, String path, String uri) {
        assertThat(http.put(path, "{\"image_uri\":\"" + uri + "\"}").statusCode()).isIn(200, 201);
    }

    private static void send(Http http, String action, String tag) {
        String body = "{\"events\":[{\"action\":\"%s\",\"target\":{\"repository\":\"team/app\",\"tag\":\"%s\"}}]}"
            .formatted(action, tag);
        assertThat(http
            .send("POST", "/webhooks/w", BodyPublishers.ofString(body), "Content-Type", "application/json",
                    "Authorization", SECRET)
            .statusCode()).isEqualTo(204);
    }

}
