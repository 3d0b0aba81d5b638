package dev.dejavu.webhook;

import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.LoopbackRegistry;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.ServiceProcess;
import dev.dejavu.testing.Staleness;
import dev.dejavu.testing.TcpProxy;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What an instance knows of events survives its death, and reaches others though their
 * change feed is broken.
 */
class WatermarkSurvivalTests {

    private static final String SECRET = "sixteen or longer";

    private final LoopbackRegistry registry = new LoopbackRegistry();

    private final List<ServiceProcess> services = new ArrayList<>();

    private ServiceProcess start(String url) throws IOException {
        ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + url, "dejavu.accept-local=true",
                "dejavu.registry.allowed=" + registry.host(), "dejavu.registry.plain-http=" + registry.host(),
                "dejavu.verification.new-entry-grace=0s", "dejavu.verification.checks-per-second=1000",
                "dejavu.webhooks.w.format=distribution", "dejavu.webhooks.w.registry=" + registry.host(),
                "dejavu.webhooks.w.secret=" + SECRET, "dejavu.webhooks.x.format=distribution",
                "dejavu.webhooks.x.registry=registry.example.com", "dejavu.webhooks.x.secret=" + SECRET);
        services.add(service);
        return service;
    }

    @AfterEach
    void stop() {
        services.forEach(ServiceProcess::close);
        registry.close();
    }

    private static void sendDeletion(Http http, String webhook, String member) {
        String body = "{\"events\":[{\"action\":\"delete\",\"target\":{\"repository\":\"team/app\"," + member + "}}]}";
        assertThat(http
            .send("POST", "/webhooks/" + webhook, BodyPublishers.ofString(body), "Content-Type", "application/json",
                    "Authorization", SECRET)
            .statusCode()).isEqualTo(204);
    }

    private static String path(String uri) {
        return "/images/" + CacheKey.hashOf(uri);
    }

    private static void put(Http http, String uri) {
        assertThat(http.put(path(uri), "{\"image_uri\":\"" + uri + "\"}").statusCode()).isIn(200, 201);
    }

    private String confirmed(Http http, String tag) {
        String uri = registry.host() + "/team/app:" + tag;
        put(http, uri);
        await().until(() -> json(http.get(path(uri))).path("verified_by").asString("").equals("registry"));
        return uri;
    }

    private static boolean isServed(Http http, String uri) {
        return http.get(path(uri)).statusCode() == 200;
    }

    @Test
    void eventOutlivesItsReceiverOnSqlite(@TempDir Path folder) throws Exception {
        assertOutlivesItsReceiver("jdbc:sqlite:" + folder.resolve("cache.db"));
    }

    @Test
    void eventOutlivesItsReceiverOnPostgres() throws Exception {
        assertOutlivesItsReceiver(Postgres.url(Postgres.port(), Postgres.newDatabase()));
    }

    private void assertOutlivesItsReceiver(String url) throws Exception {
        ServiceProcess first = start(url);
        Http http = first.http();
        String deleted = "registry.example.com/team/app:v1";
        String other = "registry.example.com/team/app:v2";
        put(http, deleted);
        put(http, other);
        sendDeletion(http, "x", "\"tag\":\"v1\"");
        first.kill();
        Http second = start(url).http();
        assertThat(isServed(second, deleted)).isFalse();
        assertThat(isServed(second, other)).isTrue();
        put(second, deleted);
        assertThat(isServed(second, deleted)).isTrue();
    }

    @Test
    void secondRaiseIsMadeUpForAfterARestartOnSqlite(@TempDir Path folder) throws Exception {
        String url = "jdbc:sqlite:" + folder.resolve("cache.db");
        ServiceProcess first = start(url);
        String uri = deletedWhileStillShown(first);
        first.kill();
        Http second = start(url).http();
        registry.delete(uri);
        await().until(() -> !isServed(second, uri));
    }

    @Test
    void secondRaiseIsMadeByAnotherInstanceOnPostgres() throws Exception {
        String url = Postgres.url(Postgres.port(), Postgres.newDatabase());
        ServiceProcess first = start(url);
        Http second = start(url).http();
        String uri = deletedWhileStillShown(first);
        first.kill();
        registry.delete(uri);
        await().until(() -> !isServed(second, uri));
    }

    /** Of an event that came before the registry acted. */
    private String deletedWhileStillShown(ServiceProcess service) throws Exception {
        Http http = service.http();
        String uri = confirmed(http, "v1");
        sendDeletion(http, "w", "\"tag\":\"v1\"");
        assertThat(isServed(http, uri)).isTrue();
        return uri;
    }

    @Test
    void eventReachesAnInstanceWhoseFeedIsCut() throws Exception {
        String database = Postgres.newDatabase();
        try (TcpProxy proxy = new TcpProxy(Postgres.port())) {
            proxy.mend();
            Http receiver = start(Postgres.url(Postgres.port(), database)).http();
            Http other = start(Postgres.url(proxy.port(), database)).http();
            for (int n = 0; n < 5; n++) {
                String uri = confirmed(other, "v" + n);
                registry.delete(uri);
                proxy.cut();
                sendDeletion(receiver, "w", "\"tag\":\"v" + n + "\"");
                proxy.mend();
                long begin = System.nanoTime();
                while (System.nanoTime() - begin < Duration.ofSeconds(3).toNanos()) {
                    long requested = System.nanoTime();
                    HttpResponse<String> response = other.get(path(uri));
                    if (requested - begin > Staleness.LIMIT.toNanos()) {
                        assertThat(response.statusCode()).isIn(404, 503);
                    }
                }
                await().until(() -> other.get(path(uri)).statusCode() == 404);
            }
        }
    }

}
