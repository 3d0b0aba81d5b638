package dev.dejavu.web;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.ServiceProcess;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A service with a small heap, and callers that want it to hold more than that.
 */
class OverloadTests {

    private static final String SECRET = "0123456789abcdef0123";

    private static final int MB = 1_000_000;

    @TempDir
    private Path folder;

    private final List<Socket> sockets = new ArrayList<>();

    private ServiceProcess service;

    private Http http = new Http(0);

    @BeforeEach
    void start() throws Exception {
        service = ServiceProcess.start(
                List.of("-Xmx256m", "-Xms32m", "-XX:+UseSerialGC", "-XX:TrimNativeHeapInterval=1000",
                        "-XX:+ExitOnOutOfMemoryError"),
                "dejavu.home=" + folder, "dejavu.near-cache.max-size=0", "dejavu.verification.enabled=false",
                "dejavu.webhooks.ours.format=distribution", "dejavu.webhooks.ours.registry=registry.example.com",
                "dejavu.webhooks.ours.secret=" + SECRET);
        http = service.http();
    }

    @AfterEach
    void stop() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        service.close();
    }

    @Test
    void bodiesWithoutAnEndThatHaveTheSecret() throws IOException {
        for (int i = 0; i < 300; i++) {
            attack("POST /webhooks/ours HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + SECRET
                    + "\r\nContent-Type: application/json\r\nContent-Length: " + (MB + 1) + "\r\n\r\n"
                    + " ".repeat(MB));
            if (i % 50 == 0) {
                assertServing();
            }
        }
        assertServing();
        letGo();
        HttpResponse<String> honest = http.send("POST", "/webhooks/ours", BodyPublishers.ofString("{\"events\":[]}"),
                "Authorization", "Bearer " + SECRET);
        assertThat(honest.statusCode()).isEqualTo(204);
    }

    @Test
    void bodiesWithoutTheSecretAreNotHeld() throws IOException {
        long before = service.residentMegabytes();
        long most = before;
        for (int i = 0; i < 1000; i++) {
            attack("POST /webhooks/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                    + (MB + 1) + "\r\n\r\n" + " ".repeat(MB));
            if (i % 100 == 0) {
                assertServing();
                most = Math.max(most, service.residentMegabytes());
            }
        }
        // 1000 MB were sent. The heap may grow, as its garbage is collected late.
        assertThat(most - before).isLessThan(100);
    }

    @Test
    void answersThatNobodyReads() throws IOException {
        List<CacheKey> keys = IntStream.range(0, 1000).mapToObj((i) -> putLarge(i)).toList();
        String body = keys.stream().map(CacheKey::hex).collect(Collectors.joining("\",\"", "{\"hashes\":[\"", "\"]}"));
        for (int i = 0; i < 200; i++) {
            attack("POST /images/lookup HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Content-Length: " + body.length() + "\r\n\r\n" + body);
            if (i % 20 == 0) {
                assertServing();
            }
        }
        assertServing();
        HttpResponse<String> refused = http.post("/images/lookup", body);
        if (refused.statusCode() != 200) {
            assertProblem(refused, 503, "overloaded");
            assertThat(header(refused, "Retry-After")).isEqualTo("2");
        }
        letGo();
        HttpResponse<String> found = http.post("/images/lookup", body);
        assertThat(json(found).path("entries").size()).isEqualTo(1000);
    }

    private CacheKey putLarge(int number) {
        String scope = "s".repeat(500) + number;
        String repository = "ghcr.io/acme/" + "r".repeat(230);
        String tag = "t".repeat(120);
        List<String> platforms = IntStream.range(10, 26).mapToObj((i) -> "linux/" + "p".repeat(50) + i).toList();
        CacheKey key = CacheKey.hashOf(scope + ":" + repository + ":" + tag + ":" + String.join(",", platforms));
        HttpResponse<String> stored = http.put("/images/" + key, """
                {"image_uri":"%s:%s","scope":"%s","repository":"%s","tag":"%s","platforms":["%s"]}"""
            .formatted(repository, tag, scope, repository, tag, String.join("\",\"", platforms)));
        assertThat(stored.statusCode()).isEqualTo(201);
        return key;
    }

    /** Sends a request and reads nothing. */
    private void attack(String request) {
        Socket socket = new Socket();
        sockets.add(socket);
        try {
            socket.setReceiveBufferSize(2048);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), http.port()), 10_000);
            Thread.ofVirtual().start(() -> send(socket, request));
        }
        catch (IOException ex) {
            // the service does not want it
        }
    }

    private static void send(Socket socket, String request) {
        try {
            OutputStream out = socket.getOutputStream();
            out.write(request.getBytes(US_ASCII));
        }
        catch (IOException ex) {
            // refused
        }
    }

    /** Requests of one entry go on, whatever the others do. */
    private void assertServing() {
        assertThat(service.isAlive()).as(service.output()).isTrue();
        long begin = System.nanoTime();
        assertThat(http.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
        assertThat(http.get("/images/" + Keys.next()).statusCode()).isEqualTo(404);
        // 20 ms on an idle machine
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
    }

    private void letGo() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        await().atMost(Duration.ofSeconds(60))
            .until(() -> http.get("/actuator/prometheus")
                .body()
                .lines()
                .anyMatch((line) -> line.equals("dejavu_http_in_flight_bytes 0.0")));
        assertServing();
    }

}
