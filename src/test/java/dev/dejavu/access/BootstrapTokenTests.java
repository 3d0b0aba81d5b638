package dev.dejavu.access;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.ServiceProcess;
import dev.dejavu.testing.TcpProxy;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class BootstrapTokenTests extends AccessFixture {

    private static final Pattern BOOTSTRAP_TOKEN = Pattern.compile("administrator's token is (djv_[0-9a-f]+)");

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
    void bootstrapTokenIsCreatedOnceALateDatabaseIsAvailable() throws Exception {
        try (TcpProxy proxy = new TcpProxy(Postgres.port())) {
            proxy.cut();
            try (ServiceProcess service = ServiceProcess.start(
                    "spring.datasource.url=" + Postgres.url(proxy.port(), Postgres.newDatabase()),
                    "dejavu.access.mode=tokens")) {
                assertProblem(get(service.http(), "djv_wrong", "/stats"), 503, "storage-unavailable");
                proxy.mend();
                // No one has a token yet, so no request may be needed for it.
                await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(service.output()).containsPattern(BOOTSTRAP_TOKEN));
                assertThat(BOOTSTRAP_TOKEN.matcher(service.output()).results()).hasSize(1);
            }
        }
    }

    /** As while the tables are being migrated. */
    @Test
    void bootstrapTokenIsCreatedOnceItCanBeStored() throws Exception {
        String url = Postgres.url(Postgres.port(), Postgres.newDatabase());
        startOn(url, "--dejavu.access.mode=open");
        services.removeFirst().close();
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            statement.execute("alter table access_token add constraint none check (false)");
            try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + url,
                    "dejavu.access.mode=tokens")) {
                await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(service.output()).contains("cannot be stored yet"));
                statement.execute("alter table access_token drop constraint none");
                await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(service.output()).containsPattern(BOOTSTRAP_TOKEN));
            }
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
    void adminTokenEqualToAnExistingTokenLocksNoOneOut() {
        Http http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN);
        String secret = json(createToken(http, "ada", "read")).path("secret").asString();
        services.removeFirst().close();
        http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + secret);
        assertThat(get(http, secret, "/stats").statusCode()).isEqualTo(200);
        assertThat(get(http, secret, "/tokens").statusCode()).isEqualTo(403);
    }

}
