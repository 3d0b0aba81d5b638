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
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Notifications;
import dev.dejavu.testing.RegistryProcess;
import dev.dejavu.testing.RegistryProxy;
import dev.dejavu.testing.RequiresRegistry;
import dev.dejavu.testing.SettableClock;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class VerificationTests {

    private static final Duration FRESHNESS_LIFETIME = Duration.ofHours(1);

    static final String SECRET = "a secret of the tests";

    private static final AtomicInteger count = new AtomicInteger();

    @RequiresRegistry
    @TestPropertySource(properties = { "dejavu.accept-local=true", "dejavu.verification.checks-per-second=1000" })
    abstract static class Common {

        @Autowired
        SettableClock clock;

        Http http;

        RegistryProcess registry;

        RegistryProxy proxy;

        String name;

        @DynamicPropertySource
        static void registry(DynamicPropertyRegistry settings) {
            settings.add("dejavu.registry.allowed", () -> Registry.proxy.host());
            settings.add("dejavu.registry.plain-http", () -> Registry.proxy.host());
            settings.add("dejavu.registry.timeout", () -> "1s");
            settings.add("dejavu.webhooks.real.format", () -> "distribution");
            settings.add("dejavu.webhooks.real.registry", () -> Registry.proxy.host());
            settings.add("dejavu.webhooks.real.secret", () -> SECRET);
        }

        @BeforeEach
        void begin(@LocalServerPort int port) {
            http = new Http(port);
            registry = Registry.process;
            proxy = Registry.proxy;
            name = "team/app" + count.incrementAndGet();
        }

        @AfterEach
        void end() {
            Registry.notifications.drop();
            proxy.mend();
            proxy.takeRequests();
        }

        String uri(String version) {
            return proxy.host() + "/" + name + version;
        }

        /** Stores an entry and lets its freshness lifetime end. */
        String storedAndStale(String version) {
            String path = "/images/" + Keys.next();
            assertThat(http.put(path, "{\"image_uri\":\"" + uri(version) + "\"}").statusCode()).isEqualTo(201);
            clock.advance(FRESHNESS_LIFETIME);
            return path;
        }

        String resolveRequest(String tag) {
            return "{\"scope\":\"s\",\"repository\":\"" + uri("") + "\",\"tag\":\"" + tag
                    + "\",\"platforms\":[\"linux/amd64\"]}";
        }

        /** The path of the entry that {@link #resolveRequest} asks for. */
        String path(String tag) {
            return "/images/" + CacheKey.hashOf("s:" + uri("") + ":" + tag + ":linux/amd64");
        }

    }

    abstract static class Contract extends Common {

        @Test
        void freshEntryIsServedWithoutACheck() {
            String path = "/images/" + Keys.next();
            http.put(path, "{\"image_uri\":\"" + uri(":none") + "\"}");
            clock.advance(FRESHNESS_LIFETIME.minusMillis(1));
            HttpResponse<String> response = http.get(path);
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(json(response).path("verified_by").asString()).isEqualTo("client");
            assertThat(json(response).has("stale")).isFalse();
            assertThat(proxy.takeRequests()).isEmpty();
        }

        @Test
        void staleEntryIsServedAsStaleAndCheckedInTheBackground() {
            String digest = registry.push(name, "v1", "linux/amd64");
            String path = storedAndStale(":v1");
            HttpResponse<String> stale = http.get(path);
            assertThat(stale.statusCode()).isEqualTo(200);
            assertThat(json(stale).path("stale").asBoolean()).isTrue();
            await().until(() -> !json(http.get(path)).has("stale"));
            HttpResponse<String> verified = http.get(path);
            assertThat(json(verified).path("verified_by").asString()).isEqualTo("registry");
            assertThat(json(verified).path("verified_at").asString()).isEqualTo(clock.instant().toString());
            assertThat(json(verified).path("manifest_digest").asString()).isEqualTo(digest);
            assertThat(json(verified).path("created_at")).isEqualTo(json(stale).path("created_at"));
            assertThat(http.get("/actuator/prometheus").body())
                .containsPattern("dejavu_stale_hit_age_seconds_max 3\\d{3}\\.");
            JsonNode health = json(http.get("/actuator/health/registries")).at("/components/registry");
            assertThat(health.path("status").asString()).isEqualTo("UP");
            assertThat(health.path("details").path(proxy.host()).path("outcome").asString()).isEqualTo("present");
        }

        @Test
        void deletedImageIsRemovedAndAbsentForTheNegativeTtl() {
            String digest = registry.push(name, "v1", "linux/amd64");
            String path = storedAndStale(":v1");
            registry.delete(name, digest);
            http.get(path);
            await().until(() -> http.get(path).statusCode() == 404);
            assertProblem(http.get(path), 404, "absent");
            assertThat(http.get(path, "Accept", "application/*").body()).isEqualTo(http.get(path).body());
            clock.advance(Duration.ofSeconds(30));
            assertProblem(http.get(path), 404, "miss");
        }

        @Test
        void putEndsAnAbsence() {
            http.post("/images/resolve", resolveRequest("v1"));
            assertProblem(http.get(path("v1")), 404, "absent");
            http.put(path("v1"), "{\"image_uri\":\"" + uri(":v1") + "\"}");
            assertThat(http.get(path("v1")).statusCode()).isEqualTo(200);
            http.delete(path("v1"));
            assertProblem(http.get(path("v1")), 404, "miss");
        }

        @Test
        void newEntryIsServedDuringItsGrace() {
            String path = "/images/" + Keys.next();
            clock.advance(FRESHNESS_LIFETIME);
            http.put(path, "{\"image_uri\":\"" + uri(":late") + "\"}");
            http.post("/images/resolve", resolveRequest("late"));
            assertThat(http.get(path).statusCode()).isEqualTo(200);
        }

        @Test
        void movedTagGetsItsNewDigest() {
            registry.push(name, "v1", "linux/amd64");
            String path = storedAndStale(":v1");
            http.get(path);
            await().until(() -> !json(http.get(path)).has("stale"));
            String moved = registry.push(name, "v1", "linux/amd64");
            clock.advance(FRESHNESS_LIFETIME);
            http.get(path);
            await().until(() -> !json(http.get(path)).has("stale"));
            assertThat(json(http.get(path)).path("manifest_digest").asString()).isEqualTo(moved);
        }

        @Test
        void entryIsServedAsStaleDuringAnOutage() {
            registry.push(name, "v1", "linux/amd64");
            String path = storedAndStale(":v1");
            proxy.fault(RegistryProxy.respond(503, ""));
            http.get(path);
            await().until(() -> !proxy.takeRequests().isEmpty());
            assertThat(http.get("/actuator/health/readiness").statusCode()).isEqualTo(200);
            assertThat(http.get("/actuator/health/registries").body()).contains("\"unknown\"", "HTTP 503");
            assertThat(json(http.get(path)).path("stale").asBoolean()).isTrue();
            assertThat(json(http.post("/images/lookup", "{\"hashes\":[\"" + path.substring(8) + "\"]}"))
                .at("/entries/0/stale")
                .asBoolean()).isTrue();
            clock.advance(Duration.ofDays(29));
            assertThat(http.get(path).statusCode()).isEqualTo(200);
        }

        @Test
        void concurrentRequestsShareOneCheck() throws Exception {
            registry.push(name, "v1", "linux/amd64");
            String path = storedAndStale(":v1");
            proxy.fault((exchange) -> {
                pause();
                RegistryProxy.pass(registry.uri()).respond(exchange);
            });
            inParallel(50, () -> http.get(path));
            await().until(() -> !json(http.get(path)).has("stale"));
            assertThat(proxy.takeRequests()).filteredOn((line) -> line.equals("HEAD /v2/" + name + "/manifests/v1"))
                .hasSize(1);
        }

        @Test
        void resolve_presentImage_isStoredAfterOneCheck() throws Exception {
            String digest = registry.push(name, "v1", "linux/amd64");
            List<HttpResponse<String>> responses = inParallel(20,
                    () -> http.post("/images/resolve", resolveRequest("v1")));
            assertThat(responses).allMatch((response) -> response.statusCode() == 200);
            assertThat(proxy.takeRequests()).filteredOn((line) -> line.startsWith("HEAD")).hasSize(1);
            HttpResponse<String> known = http.get(path("v1"));
            assertThat(json(known).path("image_uri").asString()).isEqualTo(uri(":v1"));
            assertThat(json(known).path("verified_by").asString()).isEqualTo("registry");
            assertThat(json(known).path("manifest_digest").asString()).isEqualTo(digest);
            assertThat(json(known).path("platforms").get(0).asString()).isEqualTo("linux/amd64");
        }

        @Test
        void resolve_absentImage_isNotCheckedAgain() {
            assertProblem(http.post("/images/resolve", resolveRequest("v1")), 404, "absent");
            proxy.takeRequests();
            assertProblem(http.post("/images/resolve", resolveRequest("v1")), 404, "absent");
            assertThat(proxy.takeRequests()).isEmpty();
            registry.push(name, "v1", "linux/amd64");
            clock.advance(Duration.ofSeconds(30));
            assertThat(http.post("/images/resolve", resolveRequest("v1")).statusCode()).isEqualTo(200);
        }

        @Test
        void resolve_unknownStatus_isAMiss() {
            proxy.fault(RegistryProxy.respond(500, ""));
            assertProblem(http.post("/images/resolve", resolveRequest("v1")), 404, "miss");
            assertProblem(
                    http.post("/images/resolve", resolveRequest("v1").replace(proxy.host(), "registry.example.com")),
                    404, "miss");
        }

        @Test
        void resolve_incompleteParts_is400() {
            assertProblem(http.post("/images/resolve", "{\"repository\":\"ghcr.io/acme/app\",\"tag\":\"v1\"}"), 400,
                    "malformed-body", "scope");
            assertProblem(http.post("/images/resolve", resolveRequest("v1").replace("[\"linux/amd64\"]", "[]")), 400,
                    "malformed-body", "platforms");
            assertProblem(http.post("/images/resolve", resolveRequest("v 1")), 422, "invalid-image-uri");
        }

        @Test
        void entryOfARegistryThatIsNotAllowedIsNeverStale() {
            String path = "/images/" + Keys.next();
            http.put(path, "{\"image_uri\":\"registry.example.com/acme/app:v1\"}");
            clock.advance(FRESHNESS_LIFETIME.multipliedBy(5));
            assertThat(json(http.get(path)).has("stale")).isFalse();
        }

    }

    @Nested
    @WithSqlite
    class OnSqlite extends Contract {

    }

    @Nested
    @WithPostgres
    class OnPostgres extends Contract {

    }

    @Nested
    @WithSqlite
    @TestPropertySource(properties = "dejavu.verification.strict=true")
    class Strict extends Common {

        @Test
        void staleEntryIsCheckedBeforeTheResponse() {
            String digest = registry.push(name, "v1", "linux/amd64");
            String path = storedAndStale(":v1");
            assertThat(json(http.get(path)).path("manifest_digest").asString()).isEqualTo(digest);
            assertThat(json(http.get(path)).has("stale")).isFalse();
        }

        @Test
        void deletedImageIsAbsentAtOnce() {
            String digest = registry.push(name, "v1", "linux/amd64");
            String path = storedAndStale(":v1");
            registry.delete(name, digest);
            assertProblem(http.get(path), 404, "absent");
            String other = storedAndStale(":v1");
            assertThat(
                    json(http.post("/images/lookup", "{\"hashes\":[\"" + other.substring(8) + "\"]}")).path("missing"))
                .hasSize(1);
        }

        @Test
        void hangingRegistryDelaysAResponseByTwoSeconds() {
            registry.push(name, "v1", "linux/amd64");
            String path = storedAndStale(":v1");
            proxy.fault((exchange) -> pause(5000));
            long begin = System.nanoTime();
            assertThat(json(http.get(path)).path("stale").asBoolean()).isTrue();
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(3));
        }

        @Test
        void retryAfterPausesTheChecks() {
            registry.push(name, "v1", "linux/amd64");
            registry.push(name, "v2", "linux/amd64");
            String first = storedAndStale(":v1");
            String second = storedAndStale(":v2");
            proxy.fault(RegistryProxy.respond(429, "", "Retry-After", "1"));
            assertThat(json(http.get(first)).path("stale").asBoolean()).isTrue();
            proxy.mend();
            proxy.takeRequests();
            assertThat(json(http.get(second)).path("stale").asBoolean()).isTrue();
            assertThat(proxy.takeRequests()).isEmpty();
            await().untilAsserted(() -> assertThat(json(http.get(storedAndStale(":v2"))).has("stale")).isFalse());
        }

    }

    private static void pause() {
        pause(100);
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    private static List<HttpResponse<String>> inParallel(int times, Callable<HttpResponse<String>> call)
            throws Exception {
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<HttpResponse<String>>> calls = executor
                .invokeAll(IntStream.range(0, times).mapToObj((i) -> call).toList());
            return calls.stream().map(Future::resultNow).toList();
        }
    }

    /** One registry for all of these tests, stopped when the JVM exits. */
    static final class Registry {

        static final Notifications notifications = new Notifications();

        static final RegistryProcess process = RegistryProcess.start(notifications.uri());

        static final RegistryProxy proxy = new RegistryProxy(process.uri());

        static {
            Runtime.getRuntime().addShutdownHook(new Thread(process::close));
        }

    }

}
