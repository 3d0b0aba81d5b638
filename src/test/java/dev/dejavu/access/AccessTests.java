package dev.dejavu.access;

import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.DejavuApplication;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Issuer;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.ServiceProcess;
import dev.dejavu.testing.TcpProxy;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Access control over restarts, several instances and failures.
 */
class AccessTests {

    private static final String ADMIN = "an-administrator-of-the-tests";

    private static final Pattern BOOTSTRAP_TOKEN = Pattern.compile("administrator's token is (djv_[0-9a-f]+)");

    private final List<ConfigurableApplicationContext> services = new ArrayList<>();

    @TempDir
    private Path home = Path.of("");

    @AfterEach
    void stop() {
        services.forEach(ConfigurableApplicationContext::close);
    }

    @Test
    void firstStartCreatesOneAdministratorTokenAndLogsItOnce() throws Exception {
        String url = "spring.datasource.url=" + sqliteUrl();
        try (ServiceProcess first = ServiceProcess.start(url, "dejavu.access.mode=tokens")) {
            first.http();
            await().atMost(Duration.ofSeconds(10)).until(() -> BOOTSTRAP_TOKEN.matcher(first.output()).find());
            first.terminate();
            first.exitCode();
            List<String> tokens = BOOTSTRAP_TOKEN.matcher(first.output())
                .results()
                .map((found) -> found.group(1))
                .toList();
            assertThat(tokens).hasSize(1);
            try (ServiceProcess second = ServiceProcess.start(url, "dejavu.access.mode=tokens")) {
                assertThat(get(second.http(), tokens.getFirst(), "/tokens").statusCode()).isEqualTo(200);
                assertThat(BOOTSTRAP_TOKEN.matcher(second.output()).find()).isFalse();
            }
        }
    }

    @Test
    void instancesThatStartTogetherCreateOneAdministratorToken() throws Exception {
        String url = "spring.datasource.url=" + Postgres.url(Postgres.port(), Postgres.newDatabase());
        try (ServiceProcess one = ServiceProcess.start(url, "dejavu.access.mode=tokens");
                ServiceProcess other = ServiceProcess.start(url, "dejavu.access.mode=tokens")) {
            List<Http> instances = List.of(one.http(), other.http());
            await().atMost(Duration.ofSeconds(10))
                .until(() -> BOOTSTRAP_TOKEN.matcher(one.output() + other.output()).find());
            Matcher logged = BOOTSTRAP_TOKEN.matcher(one.output() + "\n" + other.output());
            assertThat(logged.find()).isTrue();
            for (Http instance : instances) {
                await().atMost(Duration.ofSeconds(10))
                    .until(() -> get(instance, logged.group(1), "/tokens").statusCode() == 200);
            }
            assertThat(BOOTSTRAP_TOKEN.matcher(one.output() + "\n" + other.output()).results()).hasSize(1);
        }
    }

    @Test
    void tokenRevokedOnOneInstanceIsRejectedByTheOtherWithin5Seconds() {
        String url = Postgres.url(Postgres.port(), Postgres.newDatabase());
        Http one = startOn(url, "--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN);
        Http other = startOn(url, "--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN);
        HttpResponse<String> created = createToken(one, "ada", "write");
        String secret = json(created).path("secret").asString();
        await().atMost(Duration.ofSeconds(5)).until(() -> get(other, secret, "/stats").statusCode() == 200);
        // A token that the other instance has never seen must be rejected too.
        String unseen = json(createToken(one, "eve", "write")).path("secret").asString();
        for (String id : List.of(json(created).path("id").asString(), id(one, "eve"))) {
            assertThat(one.send("DELETE", "/tokens/" + id, null, "Authorization", "Bearer " + ADMIN).statusCode())
                .isEqualTo(204);
        }
        Instant revoked = Instant.now();
        assertThat(get(one, secret, "/stats").statusCode()).isEqualTo(401);
        await().pollInterval(Duration.ofMillis(50))
            .atMost(Duration.ofSeconds(5))
            .until(() -> get(other, secret, "/stats").statusCode() == 401);
        assertThat(get(other, unseen, "/stats").statusCode()).isEqualTo(401);
        assertThat(Duration.between(revoked, Instant.now())).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void unavailableDatabaseIs503WithATokenAnd401Without() throws IOException {
        try (TcpProxy proxy = new TcpProxy(Postgres.port())) {
            proxy.mend();
            Http http = startOn(Postgres.url(proxy.port(), Postgres.newDatabase()), "--dejavu.access.mode=tokens",
                    "--dejavu.admin-token=" + ADMIN);
            await().atMost(Duration.ofSeconds(10)).until(() -> get(http, ADMIN, "/stats").statusCode() == 200);
            proxy.cut();
            await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
                Instant before = Instant.now();
                HttpResponse<String> response = get(http, "djv_wrong", "/images/" + Keys.next());
                assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofMillis(2500));
                assertProblem(response, 503, "storage-unavailable");
            });
            assertThat(http.get("/stats").statusCode()).isEqualTo(401);
            assertThat(http.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
            proxy.mend();
            await().atMost(Duration.ofSeconds(60)).until(() -> get(http, ADMIN, "/stats").statusCode() == 200);
        }
    }

    @Test
    void bootstrapTokenIsCreatedOnceALateDatabaseIsAvailable() throws Exception {
        try (TcpProxy proxy = new TcpProxy(Postgres.port())) {
            proxy.cut();
            try (ServiceProcess service = ServiceProcess.start(
                    "spring.datasource.url=" + Postgres.url(proxy.port(), Postgres.newDatabase()),
                    "dejavu.access.mode=tokens")) {
                assertProblem(get(service.http(), "djv_wrong", "/stats"), 503, "storage-unavailable");
                proxy.mend();
                // No one has a token yet, so no request may be needed for it.
                await().atMost(Duration.ofSeconds(60)).until(() -> BOOTSTRAP_TOKEN.matcher(service.output()).find());
                assertThat(BOOTSTRAP_TOKEN.matcher(service.output()).results()).hasSize(1);
            }
        }
    }

    @Test
    void floodOfWrongTokensHardlyQueriesTheDatabase() throws IOException {
        try (TcpProxy proxy = new TcpProxy(Postgres.port())) {
            proxy.mend();
            Http http = startOn(Postgres.url(proxy.port(), Postgres.newDatabase()), "--dejavu.access.mode=tokens",
                    "--dejavu.admin-token=" + ADMIN, "--dejavu.pruning.probability=0");
            await().atMost(Duration.ofSeconds(10)).until(() -> get(http, ADMIN, "/stats").statusCode() == 200);
            proxy.freeze(true);
            // If each one queried the database, each would take a second.
            Instant before = Instant.now();
            for (int i = 0; i < 200; i++) {
                assertThat(get(http, "djv_wrong" + i, "/stats").statusCode()).isIn(401, 503);
            }
            assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofSeconds(20));
            proxy.freeze(false);
        }
    }

    @Test
    void adminTokenSettingReplacesTheEarlierOne() throws IOException {
        start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN);
        services.removeFirst().close();
        Path file = Files.writeString(home.resolve("secret"), "another-administrator-token\n");
        Http http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token-file=" + file);
        assertThat(get(http, "another-administrator-token", "/tokens").statusCode()).isEqualTo(200);
        assertThat(get(http, ADMIN, "/tokens").statusCode()).isEqualTo(401);
    }

    @Test
    void anonymousMayReadIfTheSettingAllowsIt() {
        Http http = start("--dejavu.access.mode=tokens", "--dejavu.access.anonymous-read=true",
                "--dejavu.admin-token=" + ADMIN);
        String path = "/images/" + Keys.next();
        assertProblem(http.get(path), 404, "miss");
        assertProblem(http.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}"), 401, "unauthenticated");
        assertProblem(http.get("/tokens"), 401, "unauthenticated");
        assertProblem(get(http, "djv_wrong", path), 401, "unauthenticated");
        put(http, path);
        assertThat(http.get(path).body()).contains("image_uri").doesNotContain("written_by");
        assertThat(get(http, ADMIN, path).body()).contains("\"written_by\":\"admin\"");
    }

    @ParameterizedTest
    @CsvSource({ "127.0.0.1,200", "localhost,200", "0.0.0.0,401" })
    void withoutAModeTheServerAddressDecides(String address, int status) {
        Http http = start("--server.address=" + address, "--dejavu.admin-token=" + ADMIN);
        assertThat(http.get("/stats").statusCode()).isEqualTo(status);
    }

    @Test
    void openModeBeyondLoopbackLogsAWarning() throws Exception {
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + sqliteUrl(),
                "server.address=0.0.0.0", "dejavu.access.mode=open")) {
            assertThat(service.http().get("/stats").statusCode()).isEqualTo(200);
            await().atMost(Duration.ofSeconds(10))
                .until(() -> service.output()
                    .lines()
                    .anyMatch(
                            (line) -> line.contains("WARN") && line.contains("Open to everyone who reaches 0.0.0.0")));
        }
    }

    @Test
    void openModeIgnoresTokensAndMakesEveryoneAdministrator() {
        Http http = start();
        String path = "/images/" + Keys.next();
        assertThat(get(http, "djv_whatever", "/stats").statusCode()).isEqualTo(200);
        put(http, path);
        assertThat(http.get(path).body()).doesNotContain("written_by");
        assertThat(http.get("/tokens").statusCode()).isEqualTo(200);
        // or it would be valid once the service is no longer open
        assertProblem(http.post("/tokens", "{\"name\":\"eve\",\"role\":\"admin\"}"), 403, "forbidden", "open");
    }

    @Test
    void tokenRevokedUnderLoadIsRejectedAtOnce() throws Exception {
        Http http = startOn(Postgres.url(Postgres.port(), Postgres.newDatabase()), "--dejavu.access.mode=tokens",
                "--dejavu.admin-token=" + ADMIN);
        AtomicBoolean running = new AtomicBoolean(true);
        try (ExecutorService others = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int n = 0; n < 3; n++) {
                others.execute(() -> {
                    while (running.get()) {
                        get(http, ADMIN, "/stats");
                    }
                });
            }
            others.execute(() -> {
                for (int n = 0; running.get(); n++) {
                    createToken(http, "churn" + n, "read");
                }
            });
            try {
                for (int n = 0; n < 150; n++) {
                    String secret = json(createToken(http, "leaver" + n, "read")).path("secret").asString();
                    assertThat(get(http, secret, "/stats").statusCode()).isEqualTo(200);
                    http.send("DELETE", "/tokens/" + id(http, "leaver" + n), null, "Authorization", "Bearer " + ADMIN);
                    assertThat(get(http, secret, "/stats").statusCode()).as("revoked, number " + n).isEqualTo(401);
                }
            }
            finally {
                running.set(false);
            }
        }
    }

    @Test
    void adminTokenMayLookLikeAnOidcToken() {
        String looksLikeOidc = "SG.0123456789.0123456789012345";
        Issuer issuer = new Issuer();
        Http http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + looksLikeOidc,
                "--dejavu.access.oidc[0].issuer=" + issuer.uri(), "--dejavu.access.oidc[0].audience=dejavu",
                "--dejavu.access.oidc[0].rules[0].role=read", "--dejavu.access.oidc[0].rules[0].claims=sub=*");
        assertThat(get(http, looksLikeOidc, "/tokens").statusCode()).isEqualTo(200);
        for (int n = 0; n < 4; n++) {
            assertThat(get(http, issuer.forged("dejavu", Map.of("sub", "eve")), "/stats").statusCode()).isEqualTo(401);
        }
        issuer.close();
    }

    @Test
    void adminTokenEqualToAnExistingTokenLocksNoOneOut() {
        Http http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN);
        String secret = json(createToken(http, "ada", "read")).path("secret").asString();
        services.removeFirst().close();
        http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + secret);
        assertThat(get(http, secret, "/stats").statusCode()).isEqualTo(200);
        assertThat(get(http, secret, "/tokens").statusCode()).isEqualTo(403);
    }

    @Test
    void issuerThatWasNeverReachableIs503() {
        Issuer issuer = new Issuer();
        String token = issuer.token("dejavu", Map.of("sub", "ada"));
        Http http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN,
                "--dejavu.access.oidc[0].issuer=" + issuer.uri(), "--dejavu.access.oidc[0].audience=dejavu",
                "--dejavu.access.oidc[0].rules[0].role=read", "--dejavu.access.oidc[0].rules[0].claims=sub=*");
        issuer.setUnavailable(true);
        HttpResponse<String> response = get(http, token, "/stats");
        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(header(response, "Retry-After")).isNotEmpty();
        assertThat(get(http, ADMIN, "/stats").statusCode()).isEqualTo(200);
        issuer.close();
    }

    @ParameterizedTest
    @ValueSource(strings = { "dejavu.access.mode=closed", "dejavu.admin-token=short",
            "dejavu.admin-token=with white space and long enough", "dejavu.admin-token-file=/nowhere",
            "dejavu.access.oidc[0].issuer=http://example.com", "dejavu.access.anonymous-read=perhaps",
            "dejavu.access.oidc[1].issuer=https://issuer.example.com", "dejavu.access.oidc[0].rules[1].claims=sub=a" })
    void invalidSettingAbortsTheStartAndRevealsNoSecret(String setting) throws Exception {
        try (ServiceProcess service = ServiceProcess.start(setting,
                setting.contains("oidc[0].issuer") ? "dejavu.home=" + home
                        : "dejavu.access.oidc[0].issuer=https://issuer.example.com",
                "dejavu.access.oidc[0].audience=dejavu", "dejavu.access.oidc[0].rules[0].role=read",
                "dejavu.access.oidc[0].rules[0].claims=sub=*", "spring.datasource.url=" + sqliteUrl())) {
            assertThat(service.exitCode()).isEqualTo(1);
            assertThat(service.output().lines().filter((line) -> line.contains("Not started:"))).hasSize(1)
                .allMatch(
                        (line) -> line.contains(setting.substring(0, setting.indexOf('=')).replaceAll("\\[\\d].*", ""))
                                && !line.contains("white space and long") && !line.contains("'short'"));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = { true, false })
    void auditLogHasActorAndChangeButNoSecret(boolean postgresql) throws Exception {
        String url = postgresql ? Postgres.url(Postgres.port(), Postgres.newDatabase()) : sqliteUrl();
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + url, "dejavu.access.mode=tokens",
                "dejavu.admin-token=" + ADMIN)) {
            Http http = service.http();
            String path = "/images/" + Keys.next();
            String secret = json(createToken(http, "ada", "write")).path("secret").asString();
            put(http, secret, path, "ghcr.io/acme/my-app:v1.0");
            put(http, secret, path, "ghcr.io/acme/my-app:v1.0");
            send(http, secret, "POST", "/nothing", "{}");
            put(http, secret, path, "ghcr.io/acme/evil:v1");
            send(http, ADMIN, "DELETE", path, "");
            send(http, ADMIN, "DELETE", "/images?image_uri=ghcr.io/acme/none:v1", "");
            get(http, "djv_wrong-but-long-enough-to-be-seen", "/stats");
            String actor = "\"actor\":\"ada\"";
            assertThat(auditLines(service, path.substring("/images/".length()))).satisfiesExactly(
                    (line) -> assertThat(line).contains("\"action\":\"added\"", "\"cache\":\"images\"", actor,
                            "\"client_ip\":\"127.0.0.1\"", "\"value\":\"ghcr.io/acme/my-app:v1.0\""),
                    (line) -> assertThat(line).contains("\"action\":\"renewed\"", actor),
                    (line) -> assertThat(line).contains("\"action\":\"changed\"", actor,
                            "\"value\":\"ghcr.io/acme/evil:v1\"", "\"previous_value\":\"ghcr.io/acme/my-app:v1.0\""),
                    (line) -> assertThat(line).contains("\"action\":\"removed\"", "\"actor\":\"admin\""));
            assertThat(auditLines(service, "ghcr.io/acme/none:v1")).hasSize(1);
            assertThat(auditLines(service, "ada")).anyMatch((line) -> line.contains("\"cache\":\"tokens\""));
            assertThat(service.output()).doesNotContain(secret, ADMIN, "djv_wrong");
        }
    }

    /** The log of a process reaches its reader later than the response it is about. */
    private static List<String> auditLines(ServiceProcess service, String text) {
        await().atMost(Duration.ofSeconds(10)).until(() -> service.output().contains("ghcr.io/acme/none:v1"));
        return service.output()
            .lines()
            .filter((line) -> line.contains("dev.dejavu.audit") && line.contains(text))
            .toList();
    }

    private String sqliteUrl() {
        return "jdbc:sqlite:" + home.resolve("cache.db");
    }

    private synchronized Http start(String... settings) {
        return startOn(sqliteUrl(), settings);
    }

    private Http startOn(String url, String... settings) {
        ConfigurableApplicationContext service = SpringApplication.run(DejavuApplication.class,
                Stream.concat(Stream.of("--server.port=0", "--spring.datasource.url=" + url), Stream.of(settings))
                    .toArray(String[]::new));
        synchronized (services) {
            services.add(service);
        }
        return new Http(Integer.parseInt(service.getEnvironment().getRequiredProperty("local.server.port")));
    }

    private static HttpResponse<String> createToken(Http http, String name, String role) {
        return send(http, ADMIN, "POST", "/tokens", "{\"name\":\"" + name + "\",\"role\":\"" + role + "\"}");
    }

    private static String id(Http http, String name) {
        return json(get(http, ADMIN, "/tokens")).path("tokens")
            .valueStream()
            .filter((token) -> token.path("name").asString().equals(name))
            .findFirst()
            .orElseThrow()
            .path("id")
            .asString();
    }

    private static HttpResponse<String> get(Http http, String token, String path) {
        return http.get(path, "Authorization", "Bearer " + token);
    }

    private static void put(Http http, String path) {
        assertThat(put(http, ADMIN, path, "ghcr.io/acme/a:v1").statusCode()).isEqualTo(201);
    }

    private static HttpResponse<String> put(Http http, String token, String path, String imageUri) {
        return send(http, token, "PUT", path, "{\"image_uri\":\"" + imageUri + "\"}");
    }

    private static HttpResponse<String> send(Http http, String token, String method, String path, String body) {
        return http.send(method, path, BodyPublishers.ofString(body), "Content-Type", "application/json",
                "Authorization", "Bearer " + token);
    }

}
