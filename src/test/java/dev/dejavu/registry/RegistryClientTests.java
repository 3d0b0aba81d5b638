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

    private ImageStatus look(String image, List<String> platforms) {
        return registries.check(proxy.host() + "/" + image, platforms);
    }

    @Test
    void imageOfOnePlatformIsPresentForThatOneAlone() {
        String digest = registry.push("team/one", "v1", "linux/amd64");
        assertThat(look("team/one:v1", AMD64)).isEqualTo(ImageStatus.present(digest));
        assertThat(look("team/one@" + digest, AMD64)).isEqualTo(ImageStatus.present(digest));
        assertThat(look("team/one:v1@" + digest, List.of())).isEqualTo(ImageStatus.present(digest));
        assertThat(look("team/one:v1", List.of("linux/arm64")).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(look("team/one:v1", BOTH).outcome()).isEqualTo(Outcome.ABSENT);
    }

    @Test
    void variantMattersWhenItIsAskedFor() {
        registry.push("team/arm", "v7", "linux/arm/v7");
        registry.push("team/arm", "v8", "linux/arm64");
        assertThat(look("team/arm:v7", List.of("linux/arm/v7")).outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(look("team/arm:v7", List.of("linux/arm")).outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(look("team/arm:v7", List.of("linux/arm/v6")).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(look("team/arm:v8", List.of("Linux/aarch64")).outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(look("team/arm:v8", List.of("arm64")).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(look("team/arm:v8", List.of("linux/arm64/v8")).outcome()).isEqualTo(Outcome.PRESENT);
    }

    @Test
    void whatTheRegistryDoesNotHaveIsAbsent() {
        registry.push("team/some", "v1", "linux/amd64");
        assertThat(look("team/some:v2", AMD64).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(look("team/none:v1", AMD64).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(look("team/some@sha256:" + "0".repeat(64), AMD64).outcome()).isEqualTo(Outcome.ABSENT);
    }

    @Test
    void deletedImageIsAbsentAndMovedTagHasItsNewDigest() {
        String first = registry.push("team/moved", "v1", "linux/amd64");
        assertThat(look("team/moved:v1", AMD64).digest()).isEqualTo(first);
        String second = registry.push("team/moved", "v1", "linux/amd64");
        assertThat(look("team/moved:v1", AMD64).digest()).isEqualTo(second).isNotEqualTo(first);
        registry.delete("team/moved", second);
        assertThat(look("team/moved:v1", AMD64).outcome()).isEqualTo(Outcome.ABSENT);
    }

    @Test
    void indexWithoutOneOfItsChildrenIsAbsentForThatPlatform() {
        String amd64 = registry.push("team/multi", null, "linux/amd64");
        String arm64 = registry.push("team/multi", null, "linux/arm64");
        String index = registry.pushIndex("team/multi", "v1", Map.of("linux/amd64", amd64, "linux/arm64", arm64));
        assertThat(look("team/multi:v1", BOTH)).isEqualTo(ImageStatus.present(index));
        assertThat(look("team/multi:v1", List.of("linux/s390x")).outcome()).isEqualTo(Outcome.ABSENT);
        registry.delete("team/multi", arm64);
        assertThat(look("team/multi:v1", BOTH).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(look("team/multi:v1", AMD64)).isEqualTo(ImageStatus.present(index));
    }

    @Test
    void indexThatDoesNotSayAllPlatformsIsUnknownForTheOthers() {
        String amd64 = registry.push("team/nameless", null, "linux/amd64");
        String index = registry.pushIndex("team/nameless", "v1", Map.of("", amd64));
        assertThat(look("team/nameless:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(look("team/nameless:v1", List.of())).isEqualTo(ImageStatus.present(index));
    }

    @Test
    void tagThatMovesDuringTheLookIsNotAbsent() {
        String first = registry.push("team/moving", "v1", "linux/amd64");
        proxy.fault((exchange) -> {
            proxy.mend();
            registry.push("team/moving", "v1", "linux/amd64");
            registry.delete("team/moving", first);
            RegistryProxy.answer(200, "", "Docker-Content-Digest", first).answer(exchange);
        });
        assertThat(look("team/moving:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(look("team/moving:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
    }

    @Test
    void passwordIsNotForWhomARedirectLeadsTo(@TempDir Path folder) throws IOException {
        try (RegistryProxy other = new RegistryProxy(registry.uri());
                RegistryClient both = registries(config(folder, proxy.host(), "ada:secret"), proxy.host(),
                        other.host())) {
            proxy.fault((exchange) -> redirect(exchange, "http://" + other.host() + exchange.getRequestURI()));
            other.fault(RegistryProxy.answer(401, "", "WWW-Authenticate",
                    "Bearer realm=\"http://" + other.host() + "/token\""));
            assertThat(both.check(proxy.host() + "/team/one:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
            assertThat(other.asked()).hasSize(1);
        }
    }

    @Test
    void whatWasSeenOnceIsAskedForWithoutAPull() {
        registry.push("team/pull", "v1", "linux/amd64");
        look("team/pull:v1", AMD64);
        proxy.asked();
        assertThat(look("team/pull:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(proxy.asked()).containsExactly("HEAD /v2/team/pull/manifests/v1");
    }

    @ParameterizedTest
    @ValueSource(ints = { 400, 401, 403, 405, 410, 429, 500, 502, 503 })
    void otherStatusIsUnknown(int status) {
        registry.push("team/status", "v1", "linux/amd64");
        proxy.fault(RegistryProxy.answer(status, "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"}]}"));
        assertThat(look("team/status:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "<html>Not found</html>", "{}", "[]", "null", "{\"errors\":[]}",
            "{\"errors\":[{\"code\":\"DENIED\"}]}", "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"},{}]}",
            "{\"errors\":[{\"code\":\"UNAUTHORIZED\"},{\"code\":\"NAME_UNKNOWN\"}]}" })
    void notFoundThatNoRegistryWroteIsUnknown(String body) {
        proxy.fault(RegistryProxy.answer(404, body));
        assertThat(look("team/odd:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "<html>Sign in</html>", "{}", "[]", "null", "{\"config\":{}}", "{\"manifests\":{}}" })
    void oddManifestIsUnknown(String body) {
        proxy.fault(RegistryProxy.answer(200, body));
        assertThat(look("team/odd:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    @Test
    void manifestThatIsNotWhatItsDigestSaysIsUnknown() {
        proxy.fault(RegistryProxy.answer(200, "{\"config\":{\"digest\":\"sha256:1\"}}", "Docker-Content-Digest",
                "sha256:" + "0".repeat(64)));
        assertThat(look("team/lie:v1", List.of()).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    @Test
    void registryThatHangsOrIsAwayIsUnknownInTime() throws IOException {
        proxy.fault((exchange) -> sleep());
        long begin = System.nanoTime();
        assertThat(look("team/slow:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(3));
        proxy.close();
        assertThat(look("team/slow:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    @Test
    void registryThatDripsIsUnknownInTime() {
        proxy.fault((exchange) -> {
            exchange.sendResponseHeaders(200, 1000);
            for (int i = 0; i < 100; i++) {
                exchange.getResponseBody().write('{');
                exchange.getResponseBody().flush();
                pause(100);
            }
        });
        long begin = System.nanoTime();
        assertThat(look("team/drip:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
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
    void retryAfterIsToldInSecondsOrAsADate() {
        proxy.fault(RegistryProxy.answer(429, "", "Retry-After", "17"));
        assertThat(look("team/busy:v1", AMD64).retryAfter()).isEqualTo(Duration.ofSeconds(17));
        proxy.fault(RegistryProxy.answer(503, "", "Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT"));
        assertThat(look("team/busy:v1", AMD64).retryAfter()).isEqualTo(Duration.ofHours(1));
        proxy.fault(RegistryProxy.answer(429, "", "Retry-After", "soon"));
        assertThat(look("team/busy:v1", AMD64).retryAfter()).isEqualTo(Duration.ofSeconds(5));
        proxy.fault(RegistryProxy.answer(503, ""));
        assertThat(look("team/busy:v1", AMD64).retryAfter()).isZero();
    }

    @Test
    void redirectsAreFollowedToAllowedHostsAlone() throws IOException {
        registry.push("team/there", "v1", "linux/amd64");
        try (RegistryProxy other = new RegistryProxy(registry.uri());
                RegistryClient both = registries(null, proxy.host(), other.host())) {
            proxy.fault((exchange) -> redirect(exchange, "http://" + other.host() + exchange.getRequestURI()));
            assertThat(both.check(proxy.host() + "/team/there:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
            other.asked();
            assertThat(look("team/there:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
            assertThat(other.asked()).isEmpty();
        }
    }

    @Test
    void redirectsInARingEnd() {
        proxy.fault((exchange) -> redirect(exchange, "http://" + proxy.host() + exchange.getRequestURI()));
        assertThat(look("team/ring:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(proxy.asked()).hasSizeLessThan(10);
    }

    private static void redirect(HttpExchange exchange, String location) throws IOException {
        RegistryProxy.answer(307, "", "Location", location).answer(exchange);
    }

    @Test
    void hostThatIsNotAllowedIsNeverAsked() {
        try (RegistryProxy other = new RegistryProxy(registry.uri())) {
            assertThat(registries.registryOf(other.host() + "/team/one:v1")).isNull();
            assertThat(registries.check(other.host() + "/team/one:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
            assertThat(other.asked()).isEmpty();
        }
        assertThat(registries.registryOf(proxy.host() + "/team/one:v1")).isEqualTo(proxy.host());
        assertThat(registries.registryOf("debian:12")).isNull();
    }

    @Test
    void tokenRealmThatIsNotAllowedIsNeverAsked() {
        try (RegistryProxy realm = new RegistryProxy(registry.uri())) {
            proxy.fault(RegistryProxy.answer(401, "", "WWW-Authenticate",
                    "Bearer realm=\"http://" + realm.host() + "/token\",service=\"test\""));
            assertThat(look("team/realm:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
            assertThat(realm.asked()).isEmpty();
        }
    }

    @Test
    void bearerTokenIsFetchedOnceWithTheCredentials(@TempDir Path folder) throws IOException {
        registry.push("team/bearer", "v1", "linux/amd64");
        try (RegistryProxy guarded = new RegistryProxy(registry.uri());
                RegistryClient known = registries(config(folder, guarded.host(), "ada:secret"), guarded.host());
                RegistryClient strange = registries(null, guarded.host())) {
            guarded.fault(guard(guarded));
            assertThat(known.check(guarded.host() + "/team/bearer:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
            assertThat(known.check(guarded.host() + "/team/bearer:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
            assertThat(guarded.asked()).filteredOn((line) -> line.startsWith("GET /token"))
                .containsExactly("GET /token?service=the+test&scope=repository%3Ateam%2Fbearer%3Apull");
            assertThat(strange.check(guarded.host() + "/team/bearer:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
        }
    }

    /** Wants a token for all, and the password for the token. */
    private static RegistryProxy.Fault guard(RegistryProxy guarded) {
        String basic = "Basic " + Base64.getEncoder().encodeToString("ada:secret".getBytes(StandardCharsets.UTF_8));
        return (exchange) -> {
            String authorization = exchange.getRequestHeaders().getFirst("Authorization");
            if (exchange.getRequestURI().getPath().equals("/token")) {
                RegistryProxy
                    .answer(basic.equals(authorization) ? 200 : 401, "{\"token\":\"t1\"}", "Content-Type",
                            "application/json")
                    .answer(exchange);
            }
            else if ("Bearer t1".equals(authorization)) {
                RegistryProxy.pass(registry.uri()).answer(exchange);
            }
            else {
                RegistryProxy
                    .answer(401, "", "WWW-Authenticate",
                            "Bearer realm=\"http://" + guarded.host() + "/token\",service=\"the test\"")
                    .answer(exchange);
            }
        };
    }

    @Test
    void basicCredentialsAreReadAgainWhenTheyChange(@TempDir Path folder) throws IOException {
        // of "secret", made with bcrypt
        String htpasswd = "ada:$2y$05$jaNDrYTAUTB6R2DI6jKCWeabDOmPG4RK5oRnmD3m3kfoap5/Yw5aC";
        try (RegistryProcess closed = RegistryProcess.start("ada:secret", htpasswd);
                RegistryClient known = registries(config(folder, closed.host(), "ada:wrong"), closed.host())) {
            closed.push("team/basic", "v1", "linux/amd64");
            assertThat(known.check(closed.host() + "/team/basic:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
            Path config = config(folder, closed.host(), "ada:secret");
            Files.setLastModifiedTime(config, FileTime.fromMillis(1));
            assertThat(known.check(closed.host() + "/team/basic:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
            assertThat(known.check(closed.host() + "/team/basic:v2", AMD64).outcome()).isEqualTo(Outcome.ABSENT);
        }
    }

    private static Path config(Path folder, String host, String login) throws IOException {
        String auth = Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8));
        return Files.writeString(folder.resolve("config.json"),
                "{\"auths\":{\"http://" + host + "/v1/\":{\"auth\":\"" + auth + "\"}}}");
    }

}
