package dev.dejavu.web;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Scrape;
import dev.dejavu.testing.WithSqlite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

@WithSqlite
class RequestMetricsTests {

    @Autowired
    private CallNames names;

    private Http http = new Http(0);

    @BeforeEach
    void connect(@LocalServerPort int port) {
        http = new Http(port);
    }

    @Test
    void answerOfTheFastPathIsCounted() {
        String path = "/images/" + Keys.next();
        http.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}");
        assertCounted("GET /images/{hash}", "2xx", 2, () -> {
            http.get(path);
            http.get(path);
        });
        assertCounted("GET /images/{hash}", "3xx", 1,
                () -> http.get(path, "If-None-Match", Http.header(http.get(path), "ETag")));
        assertCounted("GET /bundles/{digest}", "4xx", 1, () -> http.get("/bundles/" + Keys.next()));
    }

    @Test
    void answerOfAControllerIsCounted() {
        String path = "/bundles/" + Keys.next();
        assertCounted("PUT /bundles/{digest}", "2xx", 1,
                () -> http.put(path, "{\"hash_digest\":\"abc\",\"remote_path\":\"s3://acme/bundle.tar.gz\"}"));
        assertCounted("PUT /bundles/{digest}", "4xx", 1, () -> http.put(path, "{}"));
        assertCounted("POST /bundles/lookup", "2xx", 1,
                () -> http.post("/bundles/lookup", "{\"digests\":[\"" + Keys.next() + "\"]}"));
        assertCounted("GET /bundles/{digest}", "2xx", 1, () -> http.head(path));
        assertCounted("DELETE /bundles/{digest}", "2xx", 1, () -> http.delete(path));
        assertCounted("GET /actuator/health", "2xx", 1, () -> http.get("/actuator/health"));
    }

    @Test
    void answerBeforeAnyServletIsCounted() {
        assertCounted("other", "4xx", 1, () -> raw("NONSENSE\r\n\r\n"));
        assertCounted("GET /images", "4xx", 1, () -> raw("GET /images HTTP/1.1\r\n\r\n"));
    }

    @Test
    void answerOfAFilterIsCounted() {
        assertCounted("GET /images", "4xx", 1,
                () -> raw("GET /images HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n"));
        assertCounted("GET /images/{hash}", "4xx", 1,
                () -> raw("GET /images/a;b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    }

    @Test
    void whateverIsRequestedMakesNoNewSeries() {
        http.get("/nothing");
        http.get("/nothing/else");
        http.send("FOO", "/images", null);
        http.send("PATCH", "/images/" + Keys.next(), null);
        Set<String> calls = new TreeSet<>();
        Scrape.of(http)
            .text()
            .lines()
            .filter((line) -> line.startsWith("dejavu_http_requests_seconds_count"))
            .forEach((line) -> calls.add(line.replaceAll(".*call=\"([^\"]*)\".*", "$1")));
        assertThat(calls).contains("other")
            .noneMatch((call) -> call.contains("nothing") || call.startsWith("FOO") || call.startsWith("PATCH"));
    }

    @Test
    void everyDescribedCallHasItsName() {
        json(http.get("/v3/api-docs")).path("paths").properties().forEach((path) -> {
            for (String method : new String[] { "get", "put", "post", "delete" }) {
                if (path.getValue().has(method) && !path.getKey().startsWith("/actuator")) {
                    String name = method.toUpperCase(Locale.ROOT) + " " + path.getKey();
                    assertThat(names.of(method.toUpperCase(Locale.ROOT), path.getKey().replaceAll("\\{\\w+}", "x"))
                        .replace("{*", "{")).isEqualTo(name);
                }
            }
        });
    }

    @Test
    void histogramHasTheTimes() {
        http.get("/stats");
        String series = "dejavu_http_requests_seconds_bucket{call=\"GET /stats\",status=\"2xx\",le=\"%s\"}";
        await().untilAsserted(() -> {
            Scrape scrape = Scrape.of(http);
            assertThat(scrape.value(series.formatted("+Inf"))).isPositive();
            assertThat(scrape.value(series.formatted("10.0"))).isEqualTo(scrape.value(series.formatted("+Inf")));
            assertThat(scrape.text()).contains(series.formatted("0.001"));
        });
    }

    private void assertCounted(String call, String status, int count, Runnable requests) {
        double before = counted(call, status);
        requests.run();
        // An answer is counted when it has been sent.
        await().until(() -> counted(call, status) >= before + count);
        assertThat(counted(call, status)).isEqualTo(before + count);
    }

    private double counted(String call, String status) {
        return Scrape.of(http)
            .value("dejavu_http_requests_seconds_count{call=\"%s\",status=\"%s\"}".formatted(call, status));
    }

    private void raw(String request) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), http.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(UTF_8));
            assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8)).startsWith("HTTP/1.1 4");
        }
        catch (IOException ex) {
            throw new AssertionError(ex);
        }
    }

}
