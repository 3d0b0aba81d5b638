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
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.DejavuApplication;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Issuer;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.ServiceProcess;
import dev.dejavu.testing.Wire;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * Starts, several instances, and what fails.
 */
@ExtendWith(OutputCaptureExtension.class)
class AccessTests {

    private static final String ADMIN = "an-administrator-of-the-tests";

    private static final Pattern FIRST = Pattern.compile("administrator's token is (djv_[0-9a-f]+)");

    private final List<ConfigurableApplicationContext> services = new ArrayList<>();

    @TempDir
    private Path home = Path.of("");

    @AfterEach
    void stop() {
        services.forEach(ConfigurableApplicationContext::close);
    }

    @Test
    void firstStartMakesOneAdministratorAndSaysItOnce(CapturedOutput output) {
        start("--dejavu.access.mode=tokens");
        services.removeFirst().close();
        Http http = start("--dejavu.access.mode=tokens");
        List<String> said = FIRST.matcher(output.getAll()).results().map((found) -> found.group(1)).toList();
        assertThat(said).hasSize(1);
        assertThat(get(http, said.getFirst(), "/tokens").statusCode()).isEqualTo(200);
    }

    @Test
    void instancesThatStartTogetherMakeOneAdministrator() throws Exception {
        // In processes of their own: two that start in one lose lines of their log.
        String url = "spring.datasource.url=" + Postgres.url(Postgres.port(), Postgres.newDatabase());
        try (ServiceProcess one = ServiceProcess.start(url, "dejavu.access.mode=tokens");
                ServiceProcess other = ServiceProcess.start(url, "dejavu.access.mode=tokens")) {
            List<Http> instances = List.of(one.http(), other.http());
            await().atMost(Duration.ofSeconds(10)).until(() -> FIRST.matcher(one.output() + other.output()).find());
            Matcher said = FIRST.matcher(one.output() + "\n" + other.output());
            assertThat(said.find()).isTrue();
            for (Http instance : instances) {
                await().atMost(Duration.ofSeconds(10))
                    .until(() -> get(instance, said.group(1), "/tokens").statusCode() == 200);
            }
            assertThat(FIRST.matcher(one.output() + "\n" + other.output()).results()).hasSize(1);
        }
    }

    @Test
    void tokenRevokedOnOneInstanceIsRefusedOnTheOtherWithin5Seconds() {
        String url = Postgres.url(Postgres.port(), Postgres.newDatabase());
        Http one = startOn(url, "--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN);
        Http other = startOn(url, "--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN);
        HttpResponse<String> made = make(one, "ada", "write");
        String secret = json(made).path("secret").asString();
        await().atMost(Duration.ofSeconds(5)).until(() -> get(other, secret, "/stats").statusCode() == 200);
        // One that it has never seen must not count either.
        String unseen = json(make(one, "eve", "write")).path("secret").asString();
        for (String id : List.of(json(made).path("id").asString(), id(one, "eve"))) {
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
    void databaseThatIsAwayIs503AndWrongTokensStayRefused() throws IOException {
        try (Wire wire = new Wire(Postgres.port())) {
            wire.mend();
            Http http = startOn(Postgres.url(wire.port(), Postgres.newDatabase()), "--dejavu.access.mode=tokens",
                    "--dejavu.admin-token=" + ADMIN);
            await().atMost(Duration.ofSeconds(10)).until(() -> get(http, ADMIN, "/stats").statusCode() == 200);
            wire.cut();
            await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
                Instant before = Instant.now();
                HttpResponse<String> answer = get(http, "djv_wrong", "/images/" + Keys.next());
                assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofMillis(2500));
                assertProblem(answer, 503, "storage-unavailable");
            });
            assertThat(http.get("/stats").statusCode()).isEqualTo(401);
            assertThat(http.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
            wire.mend();
            await().atMost(Duration.ofSeconds(60)).until(() -> get(http, ADMIN, "/stats").statusCode() == 200);
        }
    }

    @Test
    void databaseThatComesLateGetsItsFirstTokenThen(CapturedOutput output) throws IOException {
        try (Wire wire = new Wire(Postgres.port())) {
            wire.cut();
            Http http = startOn(Postgres.url(wire.port(), Postgres.newDatabase()), "--dejavu.access.mode=tokens");
            assertProblem(get(http, "djv_wrong", "/stats"), 503, "storage-unavailable");
            wire.mend();
            // Nobody has a token to ask with.
            await().atMost(Duration.ofSeconds(60)).until(() -> FIRST.matcher(output.getAll()).find());
            assertThat(FIRST.matcher(output.getAll()).results()).hasSize(1);
        }
    }

    @Test
    void floodOfWrongTokensAsksTheDatabaseHardlyAtAll() throws IOException {
        try (Wire wire = new Wire(Postgres.port())) {
            wire.mend();
            Http http = startOn(Postgres.url(wire.port(), Postgres.newDatabase()), "--dejavu.access.mode=tokens",
                    "--dejavu.admin-token=" + ADMIN, "--dejavu.pruning.probability=0");
            await().atMost(Duration.ofSeconds(10)).until(() -> get(http, ADMIN, "/stats").statusCode() == 200);
            wire.freeze(true);
            // Were each one asked, each would take its second.
            Instant before = Instant.now();
            for (int i = 0; i < 200; i++) {
                assertThat(get(http, "djv_wrong" + i, "/stats").statusCode()).isIn(401, 503);
            }
            assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofSeconds(20));
            wire.freeze(false);
        }
    }

    @Test
    void administratorOfTheSettingIsTakenAlsoLater() throws IOException {
        start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN);
        services.removeFirst().close();
        Path file = Files.writeString(home.resolve("secret"), "another-administrator-token\n");
        Http http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token-file=" + file);
        assertThat(get(http, "another-administrator-token", "/tokens").statusCode()).isEqualTo(200);
        assertThat(get(http, ADMIN, "/tokens").statusCode()).isEqualTo(401);
    }

    @Test
    void strangersMayReadWhenTheSettingSaysSo() {
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
    void withoutASettingTheAddressDecides(String address, int status) {
        Http http = start("--server.address=" + address, "--dejavu.admin-token=" + ADMIN);
        assertThat(http.get("/stats").statusCode()).isEqualTo(status);
    }

    @Test
    void openBeyondLoopbackMustBeSaidAndIsWarnedOf(CapturedOutput output) {
        Http http = start("--server.address=0.0.0.0", "--dejavu.access.mode=open");
        assertThat(http.get("/stats").statusCode()).isEqualTo(200);
        assertThat(output.getAll().lines().filter((line) -> line.contains("WARN")))
            .anyMatch((line) -> line.contains("Open to everyone who reaches 0.0.0.0"));
    }

    @Test
    void openIgnoresTokensAndAdministersEveryone() {
        Http http = start();
        String path = "/images/" + Keys.next();
        assertThat(get(http, "djv_whatever", "/stats").statusCode()).isEqualTo(200);
        put(http, path);
        assertThat(http.get(path).body()).doesNotContain("written_by");
        assertThat(http.get("/tokens").statusCode()).isEqualTo(200);
        // or it would count when the service is open no more
        assertProblem(http.post("/tokens", "{\"name\":\"eve\",\"role\":\"admin\"}"), 403, "forbidden", "open");
    }

    @Test
    void tokenRevokedWhileOthersAskIsRefusedAtOnce() throws Exception {
        Http http = startOn(Postgres.url(Postgres.port(), Postgres.newDatabase()), "--dejavu.access.mode=tokens",
                "--dejavu.admin-token=" + ADMIN);
        AtomicBoolean going = new AtomicBoolean(true);
        try (ExecutorService others = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int n = 0; n < 3; n++) {
                others.execute(() -> {
                    while (going.get()) {
                        get(http, ADMIN, "/stats");
                    }
                });
            }
            others.execute(() -> {
                for (int n = 0; going.get(); n++) {
                    make(http, "churn" + n, "read");
                }
            });
            try {
                for (int n = 0; n < 150; n++) {
                    String secret = json(make(http, "leaver" + n, "read")).path("secret").asString();
                    assertThat(get(http, secret, "/stats").statusCode()).isEqualTo(200);
                    http.send("DELETE", "/tokens/" + id(http, "leaver" + n), null, "Authorization", "Bearer " + ADMIN);
                    assertThat(get(http, secret, "/stats").statusCode()).as("revoked, number " + n).isEqualTo(401);
                }
            }
            finally {
                going.set(false);
            }
        }
    }

    @Test
    void administratorsTokenMayLookLikeAnyOther() {
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
    void administratorsTokenThatIsSomebodyElsesLocksNobodyOut() {
        Http http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN);
        String secret = json(make(http, "ada", "read")).path("secret").asString();
        services.removeFirst().close();
        http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + secret);
        assertThat(get(http, secret, "/stats").statusCode()).isEqualTo(200);
        assertThat(get(http, secret, "/tokens").statusCode()).isEqualTo(403);
    }

    @Test
    void issuerThatWasNeverReachedIs503() {
        Issuer away = new Issuer();
        String token = away.token("dejavu", Map.of("sub", "ada"));
        Http http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN,
                "--dejavu.access.oidc[0].issuer=" + away.uri(), "--dejavu.access.oidc[0].audience=dejavu",
                "--dejavu.access.oidc[0].rules[0].role=read", "--dejavu.access.oidc[0].rules[0].claims=sub=*");
        away.away(true);
        HttpResponse<String> answer = get(http, token, "/stats");
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(header(answer, "Retry-After")).isNotEmpty();
        assertThat(get(http, ADMIN, "/stats").statusCode()).isEqualTo(200);
        away.close();
    }

    @ParameterizedTest
    @ValueSource(strings = { "--dejavu.access.mode=closed", "--dejavu.admin-token=short",
            "--dejavu.admin-token=with white space and long enough", "--dejavu.admin-token-file=/nowhere",
            "--dejavu.access.oidc[0].issuer=http://example.com", "--dejavu.access.anonymous-read=perhaps",
            "--dejavu.access.oidc[1].issuer=https://issuer.example.com",
            "--dejavu.access.oidc[0].rules[1].claims=sub=a" })
    void wrongSettingStopsTheStartAndShowsNoSecret(String setting, CapturedOutput output) {
        assertThatThrownBy(() -> start(setting,
                setting.contains("oidc[0].issuer") ? "--dejavu.home=" + home
                        : "--dejavu.access.oidc[0].issuer=https://issuer.example.com",
                "--dejavu.access.oidc[0].audience=dejavu", "--dejavu.access.oidc[0].rules[0].role=read",
                "--dejavu.access.oidc[0].rules[0].claims=sub=*"));
        assertThat(output.getAll().lines().filter((line) -> line.contains("Not started:"))).hasSize(1)
            .allMatch((line) -> line.contains(setting.substring(2, setting.indexOf('=')).replaceAll("\\[\\d].*", ""))
                    && !line.contains("white space and long") && !line.contains("'short'"));
    }

    private synchronized Http start(String... settings) {
        return startOn("jdbc:sqlite:" + home.resolve("cache.db"), settings);
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

    private static HttpResponse<String> make(Http http, String name, String role) {
        return http.send("POST", "/tokens",
                BodyPublishers.ofString("{\"name\":\"" + name + "\",\"role\":\"" + role + "\"}"), "Content-Type",
                "application/json", "Authorization", "Bearer " + ADMIN);
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
        assertThat(http
            .send("PUT", path, BodyPublishers.ofString("{\"image_uri\":\"ghcr.io/acme/a:v1\"}"), "Content-Type",
                    "application/json", "Authorization", "Bearer " + ADMIN)
            .statusCode()).isEqualTo(201);
    }

}
