package dev.dejavu.verification;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.RegistryProcess;
import dev.dejavu.testing.RegistryProxy;
import dev.dejavu.testing.RequiresRegistry;
import dev.dejavu.testing.SettableClock;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A service that may check one real registry, behind a proxy that can inject faults.
 */
@RequiresRegistry
@TestPropertySource(properties = { "dejavu.accept-local=true", "dejavu.verification.checks-per-second=1000" })
abstract class VerificationFixture {

    static final Duration FRESHNESS_LIFETIME = Duration.ofHours(1);

    static final String SECRET = "a secret of the tests";

    private static final AtomicInteger count = new AtomicInteger();

    @Autowired
    SettableClock clock;

    Http http;

    RegistryProcess registry;

    RegistryProxy proxy;

    String name;

    @DynamicPropertySource
    static void registry(DynamicPropertyRegistry settings) {
        settings.add("dejavu.registry.allowed", () -> SharedRegistry.proxy.host());
        settings.add("dejavu.registry.plain-http", () -> SharedRegistry.proxy.host());
        settings.add("dejavu.registry.timeout", () -> "1s");
        settings.add("dejavu.webhooks.real.format", () -> "distribution");
        settings.add("dejavu.webhooks.real.registry", () -> SharedRegistry.proxy.host());
        settings.add("dejavu.webhooks.real.secret", () -> SECRET);
    }

    @BeforeEach
    void begin(@LocalServerPort int port) {
        http = new Http(port);
        registry = SharedRegistry.process;
        proxy = SharedRegistry.proxy;
        name = "team/app" + count.incrementAndGet();
    }

    @AfterEach
    void end() {
        SharedRegistry.notifications.drop();
        proxy.mend();
        proxy.takeRequests();
    }

    String uri(String version) {
        return proxy.host() + "/" + name + version;
    }

    /**
     * Stores an entry, which the registry confirms, and lets its freshness lifetime end.
     */
    String storedAndStale(String version) {
        String path = newEntry(version);
        await().until(() -> isConfirmed(path));
        proxy.takeRequests();
        clock.advance(FRESHNESS_LIFETIME);
        return path;
    }

    String newEntry(String version) {
        String path = "/images/" + Keys.next();
        put(path, version);
        return path;
    }

    void put(String path, String version) {
        assertThat(http.put(path, "{\"image_uri\":\"" + uri(version) + "\"}").statusCode()).isIn(200, 201);
    }

    boolean isConfirmed(String path) {
        JsonNode entry = json(http.get(path));
        return entry.path("verified_by").asString("").equals("registry") && !entry.has("stale");
    }

    String resolveRequest(String tag) {
        return resolveRequest("s", tag);
    }

    String resolveRequest(String scope, String tag) {
        return "{\"scope\":\"" + scope + "\",\"repository\":\"" + uri("") + "\",\"tag\":\"" + tag
                + "\",\"platforms\":[\"linux/amd64\"]}";
    }

    /** The path of the entry that {@link #resolveRequest} asks for. */
    String path(String tag) {
        return path("s", tag);
    }

    String path(String scope, String tag) {
        return "/images/" + CacheKey.hashOf(scope + ":" + uri("") + ":" + tag + ":linux/amd64");
    }

    static void pause() {
        pause(100);
    }

    static void pause(long millis) {
        try {
            Thread.sleep(millis);
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    static List<HttpResponse<String>> inParallel(int times, Callable<HttpResponse<String>> call) throws Exception {
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<HttpResponse<String>>> calls = executor
                .invokeAll(IntStream.range(0, times).mapToObj((i) -> call).toList());
            return calls.stream().map(Future::resultNow).toList();
        }
    }

}
