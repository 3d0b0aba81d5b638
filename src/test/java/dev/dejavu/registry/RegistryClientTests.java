package dev.dejavu.registry;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;

import com.sun.net.httpserver.HttpExchange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.registry.ImageStatus.Outcome;
import dev.dejavu.testing.RegistryProcess;
import dev.dejavu.testing.RegistryProxy;
import dev.dejavu.testing.RequiresRegistry;

import static org.assertj.core.api.Assertions.assertThat;

@RequiresRegistry
class RegistryClientTests {

    private static final List<String> AMD64 = List.of("linux/amd64");

    private static final List<String> BOTH = List.of("linux/amd64", "linux/arm64");

    private static RegistryProcess registry;

    private RegistryProxy proxy;

    private RegistryClient registries;

    @BeforeAll
    static void start() {
        registry = RegistryProcess.start();
    }

    @AfterAll
    static void stop() {
        registry.close();
    }

    @BeforeEach
    void connect() {
        proxy = new RegistryProxy(registry.uri());
        registries = registries(null, proxy.host());
    }

    @AfterEach
    void disconnect() throws IOException {
        registries.close();
        proxy.close();
    }

    private static RegistryClient registries(@Nullable Path config, String... hosts) {
        return new RegistryClient(new RegistryProperties(List.of(hosts), List.of(hosts), config, Duration.ofSeconds(1)),
                new JsonMapper(), Clock.systemUTC());
    }

    private ImageStatus check(String image, List<String> platforms) {
        return registries.check(proxy.host() + "/" + image, platforms);
    }

    @Test
    void imageIsPresentForItsPlatformOnly() {
        String digest = registry.push("team/one", "v1", "linux/amd64");
        assertThat(check("team/one:v1", AMD64)).isEqualTo(ImageStatus.present(digest));
        assertThat(check("team/one@" + digest, AMD64)).isEqualTo(ImageStatus.present(digest));
        assertThat(check("team/one:v1@" + digest, List.of())).isEqualTo(ImageStatus.present(digest));
        assertThat(check("team/one:v1", List.of("linux/arm64")).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(check("team/one:v1", BOTH).outcome()).isEqualTo(Outcome.ABSENT);
    }

    @Test
    void variantMattersWhenItIsRequested() {
        registry.push("team/arm", "v7", "linux/arm/v7");
        registry.push("team/arm", "v8", "linux/arm64");
        assertThat(check("team/arm:v7", List.of("linux/arm/v7")).outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(check("team/arm:v7", List.of("linux/arm")).outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(check("team/arm:v7", List.of("linux/arm/v6")).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(check("team/arm:v8", List.of("Linux/aarch64")).outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(check("team/arm:v8", List.of("arm64")).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(check("team/arm:v8", List.of("linux/arm64/v8")).outcome()).isEqualTo(Outcome.PRESENT);
    }

    @Test
    void unknownImageIsAbsent() {
        registry.push("team/some", "v1", "linux/amd64");
        assertThat(check("team/some:v2", AMD64).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(check("team/none:v1", AMD64).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(check("team/some@sha256:" + "0".repeat(64), AMD64).outcome()).isEqualTo(Outcome.ABSENT);
    }

    @Test
    void deletedImageIsAbsentAndMovedTagHasItsNewDigest() {
        String first = registry.push("team/moved", "v1", "linux/amd64");
        assertThat(check("team/moved:v1", AMD64).digest()).isEqualTo(first);
        String second = registry.push("team/moved", "v1", "linux/amd64");
        assertThat(check("team/moved:v1", AMD64).digest()).isEqualTo(second).isNotEqualTo(first);
        registry.delete("team/moved", second);
        assertThat(check("team/moved:v1", AMD64).outcome()).isEqualTo(Outcome.ABSENT);
    }

    @Test
    void indexWithoutAChildIsAbsentForItsPlatform() {
        String amd64 = registry.push("team/multi", null, "linux/amd64");
        String arm64 = registry.push("team/multi", null, "linux/arm64");
        String index = registry.pushIndex("team/multi", "v1", Map.of("linux/amd64", amd64, "linux/arm64", arm64));
        assertThat(check("team/multi:v1", BOTH)).isEqualTo(ImageStatus.present(index));
        assertThat(check("team/multi:v1", List.of("linux/s390x")).outcome()).isEqualTo(Outcome.ABSENT);
        registry.delete("team/multi", arm64);
        assertThat(check("team/multi:v1", BOTH).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(check("team/multi:v1", AMD64)).isEqualTo(ImageStatus.present(index));
    }

    @Test
    void indexWithUnnamedPlatformsIsUnknownForAPlatform() {
        String amd64 = registry.push("team/nameless", null, "linux/amd64");
        String index = registry.pushIndex("team/nameless", "v1", Map.of("", amd64));
        assertThat(check("team/nameless:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(check("team/nameless:v1", List.of())).isEqualTo(ImageStatus.present(index));
    }

    @Test
    void tagThatMovesDuringTheCheckIsNotAbsent() {
        String first = registry.push("team/moving", "v1", "linux/amd64");
        proxy.fault((exchange) -> {
            proxy.mend();
            registry.push("team/moving", "v1", "linux/amd64");
            registry.delete("team/moving", first);
            RegistryProxy.respond(200, "", "Docker-Content-Digest", first).respond(exchange);
        });
        assertThat(check("team/moving:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(check("team/moving:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
    }

    @Test
    void passwordIsNotSentToTheTargetOfARedirect(@TempDir Path folder) throws IOException {
        try (RegistryProxy other = new RegistryProxy(registry.uri());
                RegistryClient both = registries(config(folder, proxy.host(), "ada:secret"), proxy.host(),
                        other.host())) {
            proxy.fault((exchange) -> redirect(exchange, "http://" + other.host() + exchange.getRequestURI()));
            other.fault(RegistryProxy.respond(401, "", "WWW-Authenticate",
                    "Bearer realm=\"http://" + other.host() + "/token\""));
            assertThat(both.check(proxy.host() + "/team/one:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
            assertThat(other.takeRequests()).hasSize(1);
        }
    }

    @Test
    void knownImageIsCheckedWithoutAPull() {
        registry.push("team/pull", "v1", "linux/amd64");
        check("team/pull:v1", AMD64);
        proxy.takeRequests();
        assertThat(check("team/pull:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(proxy.takeRequests()).containsExactly("HEAD /v2/team/pull/manifests/v1");
    }

    @ParameterizedTest
    @ValueSource(ints = { 400, 401, 403, 405, 410, 429, 500, 502, 503 })
    void otherStatusIsUnknown(int status) {
        registry.push("team/status", "v1", "linux/amd64");
        proxy.fault(RegistryProxy.respond(status, "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"}]}"));
        assertThat(check("team/status:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "<html>Not found</html>", "{}", "[]", "null", "{\"errors\":[]}",
            "{\"errors\":[{\"code\":\"DENIED\"}]}", "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"},{}]}",
            "{\"errors\":[{\"code\":\"UNAUTHORIZED\"},{\"code\":\"NAME_UNKNOWN\"}]}" })
    void notFoundWithoutARegistryErrorIsUnknown(String body) {
        proxy.fault(RegistryProxy.respond(404, body));
        assertThat(check("team/odd:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "<html>Sign in</html>", "{}", "[]", "null", "{\"config\":{}}", "{\"manifests\":{}}" })
    void malformedManifestIsUnknown(String body) {
        proxy.fault(RegistryProxy.respond(200, body));
        assertThat(check("team/odd:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    @Test
    void manifestThatDoesNotMatchItsDigestIsUnknown() {
        proxy.fault(RegistryProxy.respond(200, "{\"config\":{\"digest\":\"sha256:1\"}}", "Docker-Content-Digest",
                "sha256:" + "0".repeat(64)));
        assertThat(check("team/lie:v1", List.of()).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    @Test
    void hangingOrStoppedRegistryIsUnknownInTime() throws IOException {
        proxy.fault((exchange) -> sleep());
        long begin = System.nanoTime();
        assertThat(check("team/slow:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(3));
        proxy.close();
        assertThat(check("team/slow:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    @Test
    void drippingRegistryIsUnknownInTime() {
        proxy.fault((exchange) -> {
            exchange.sendResponseHeaders(200, 1000);
            for (int i = 0; i < 100; i++) {
                exchange.getResponseBody().write('{');
                exchange.getResponseBody().flush();
                pause(100);
            }
        });
        long begin = System.nanoTime();
        assertThat(check("team/drip:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(3));
    }

    private static void sleep() {
        pause(5000);
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void retryAfterIsReadInSecondsAndAsADate() {
        proxy.fault(RegistryProxy.respond(429, "", "Retry-After", "17"));
        assertThat(check("team/busy:v1", AMD64).retryAfter()).isEqualTo(Duration.ofSeconds(17));
        proxy.fault(RegistryProxy.respond(503, "", "Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT"));
        assertThat(check("team/busy:v1", AMD64).retryAfter()).isEqualTo(Duration.ofHours(1));
        proxy.fault(RegistryProxy.respond(429, "", "Retry-After", "soon"));
        assertThat(check("team/busy:v1", AMD64).retryAfter()).isEqualTo(Duration.ofSeconds(5));
        proxy.fault(RegistryProxy.respond(503, ""));
        assertThat(check("team/busy:v1", AMD64).retryAfter()).isZero();
    }

    @Test
    void redirectsAreFollowedToAllowedHostsOnly() throws IOException {
        registry.push("team/there", "v1", "linux/amd64");
        try (RegistryProxy other = new RegistryProxy(registry.uri());
                RegistryClient both = registries(null, proxy.host(), other.host())) {
            proxy.fault((exchange) -> redirect(exchange, "http://" + other.host() + exchange.getRequestURI()));
            assertThat(both.check(proxy.host() + "/team/there:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
            other.takeRequests();
            assertThat(check("team/there:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
            assertThat(other.takeRequests()).isEmpty();
        }
    }

    @Test
    void redirectLoopEnds() {
        proxy.fault((exchange) -> redirect(exchange, "http://" + proxy.host() + exchange.getRequestURI()));
        assertThat(check("team/ring:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(proxy.takeRequests()).hasSizeLessThan(10);
    }

    private static void redirect(HttpExchange exchange, String location) throws IOException {
        RegistryProxy.respond(307, "", "Location", location).respond(exchange);
    }

    @Test
    void hostThatIsNotAllowedIsNeverContacted() {
        try (RegistryProxy other = new RegistryProxy(registry.uri())) {
            assertThat(registries.registryOf(other.host() + "/team/one:v1")).isNull();
            assertThat(registries.check(other.host() + "/team/one:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
            assertThat(other.takeRequests()).isEmpty();
        }
        assertThat(registries.registryOf(proxy.host() + "/team/one:v1")).isEqualTo(proxy.host());
        assertThat(registries.registryOf("debian:12")).isNull();
    }

    @Test
    void tokenRealmThatIsNotAllowedIsNeverContacted() {
        try (RegistryProxy realm = new RegistryProxy(registry.uri())) {
            proxy.fault(RegistryProxy.respond(401, "", "WWW-Authenticate",
                    "Bearer realm=\"http://" + realm.host() + "/token\",service=\"test\""));
            assertThat(check("team/realm:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
            assertThat(realm.takeRequests()).isEmpty();
        }
    }

    @Test
    void bearerTokenIsFetchedOnceWithTheCredentials(@TempDir Path folder) throws IOException {
        registry.push("team/bearer", "v1", "linux/amd64");
        try (RegistryProxy guarded = new RegistryProxy(registry.uri());
                RegistryClient withLogin = registries(config(folder, guarded.host(), "ada:secret"), guarded.host());
                RegistryClient withoutLogin = registries(null, guarded.host())) {
            guarded.fault(requireToken(guarded));
            assertThat(withLogin.check(guarded.host() + "/team/bearer:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
            assertThat(withLogin.check(guarded.host() + "/team/bearer:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
            assertThat(guarded.takeRequests()).filteredOn((line) -> line.startsWith("GET /token"))
                .containsExactly("GET /token?service=the+test&scope=repository%3Ateam%2Fbearer%3Apull");
            assertThat(withoutLogin.check(guarded.host() + "/team/bearer:v1", AMD64).outcome())
                .isEqualTo(Outcome.UNKNOWN);
        }
    }

    /** Requires a token for every request, and the password for the token. */
    private static RegistryProxy.Fault requireToken(RegistryProxy guarded) {
        String basic = "Basic " + Base64.getEncoder().encodeToString("ada:secret".getBytes(StandardCharsets.UTF_8));
        return (exchange) -> {
            String authorization = exchange.getRequestHeaders().getFirst("Authorization");
            if (exchange.getRequestURI().getPath().equals("/token")) {
                RegistryProxy
                    .respond(basic.equals(authorization) ? 200 : 401, "{\"token\":\"t1\"}", "Content-Type",
                            "application/json")
                    .respond(exchange);
            }
            else if ("Bearer t1".equals(authorization)) {
                RegistryProxy.pass(registry.uri()).respond(exchange);
            }
            else {
                RegistryProxy
                    .respond(401, "", "WWW-Authenticate",
                            "Bearer realm=\"http://" + guarded.host() + "/token\",service=\"the test\"")
                    .respond(exchange);
            }
        };
    }

    @Test
    void basicCredentialsAreReadAgainWhenTheyChange(@TempDir Path folder) throws IOException {
        // "secret", hashed with bcrypt
        String htpasswd = "ada:$2y$05$jaNDrYTAUTB6R2DI6jKCWeabDOmPG4RK5oRnmD3m3kfoap5/Yw5aC";
        try (RegistryProcess closed = RegistryProcess.start("ada:secret", htpasswd);
                RegistryClient withLogin = registries(config(folder, closed.host(), "ada:wrong"), closed.host())) {
            closed.push("team/basic", "v1", "linux/amd64");
            assertThat(withLogin.check(closed.host() + "/team/basic:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
            Path config = config(folder, closed.host(), "ada:secret");
            Files.setLastModifiedTime(config, FileTime.fromMillis(1));
            assertThat(withLogin.check(closed.host() + "/team/basic:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
            assertThat(withLogin.check(closed.host() + "/team/basic:v2", AMD64).outcome()).isEqualTo(Outcome.ABSENT);
        }
    }

    private static Path config(Path folder, String host, String login) throws IOException {
        String auth = Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8));
        return Files.writeString(folder.resolve("config.json"),
                "{\"auths\":{\"http://" + host + "/v1/\":{\"auth\":\"" + auth + "\"}}}");
    }

}
