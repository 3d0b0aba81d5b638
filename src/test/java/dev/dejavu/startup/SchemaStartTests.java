package dev.dejavu.startup;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.ServiceProcess;
import dev.dejavu.testing.TcpProxy;

import static dev.dejavu.testing.Http.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What the service says while its tables are not up to date, and who may migrate them.
 */
class SchemaStartTests {

    private static final String IMAGE = "{\"image_uri\":\"ghcr.io/acme/a:v1\"}";

    private final String database = Postgres.newDatabase();

    private final String url = Postgres.url(Postgres.port(), database);

    @Test
    void serverThatSaysNothingIsNamedAndWaitedFor() throws Exception {
        try (TcpProxy proxy = new TcpProxy(Postgres.port())) {
            proxy.mend();
            proxy.freeze(true);
            try (ServiceProcess service = start(Postgres.url(proxy.port(), database))) {
                assertWaiting(service, "Connection attempt timed out");
                proxy.freeze(false);
                assertReady(service);
            }
        }
    }

    @Test
    void serverThatIsNotThereIsNamedAndWaitedFor() throws Exception {
        try (TcpProxy proxy = new TcpProxy(Postgres.port());
                ServiceProcess service = start(Postgres.url(proxy.port(), database))) {
            assertWaiting(service, "Connection to 127.0.0.1:" + proxy.port() + " refused");
            proxy.mend();
            assertReady(service);
        }
    }

    @Test
    void lockOnTheHistoryIsNamedWithItsHolder() throws Exception {
        flyway("latest").migrate();
        try (Connection locker = DriverManager.getConnection(url + "&ApplicationName=psql-of-ada")) {
            lock(locker, "flyway_schema_history");
            try (ServiceProcess service = start(url)) {
                assertWaiting(service, "waits for a lock that session", "psql-of-ada");
                locker.rollback();
                assertReady(service);
            }
        }
    }

    @Test
    void migrationOfAnotherInstanceIsWaitedFor() throws Exception {
        assertWaitingForAnother("another instance is migrating them");
    }

    @Test
    void migrationThatFlywayGivesUpIsTriedAgain() throws Exception {
        assertWaitingForAnother("Number of retries exceeded", "spring.flyway.lock-retry-count=3");
    }

    private void assertWaitingForAnother(String words, String... settings) throws Exception {
        flyway("15").migrate();
        try (Connection locker = DriverManager.getConnection(url)) {
            lock(locker, "registry_watermark");
            try (ServiceProcess one = start(url)) {
                assertWaiting(one, "waits for a lock that session");
                try (ServiceProcess other = start(url, settings)) {
                    assertWaiting(other, words);
                    locker.rollback();
                    assertReady(one);
                    assertReady(other);
                }
            }
        }
    }

    @Test
    void refusalToCreateTablesIsToldInTheWordsOfTheDriver() throws Exception {
        String user = user();
        try (ServiceProcess service = start(url.replace("=postgres", "=" + user))) {
            assertWaiting(service, "permission denied for schema public");
            execute("grant create on schema public to " + user);
            assertReady(service);
        }
    }

    @Test
    void userWithFewRightsNeedsAnotherOneForMigrationsOnly() throws Exception {
        String user = user();
        execute("alter default privileges in schema public grant select, insert, update, delete on tables to " + user);
        try (ServiceProcess service = start("jdbc:postgresql://127.0.0.1:%d/%s".formatted(Postgres.port(), database),
                "spring.datasource.username=" + user, "spring.flyway.user=postgres")) {
            assertReady(service);
            assertWorks(service);
        }
        // Nothing is left to migrate.
        try (ServiceProcess service = start(url.replace("=postgres", "=" + user))) {
            assertReady(service);
            assertWorks(service);
        }
    }

    @Test
    void schemaOfFlywayIsThatOfTheService() throws Exception {
        try (ServiceProcess service = start(url, "spring.flyway.default-schema=team")) {
            assertReady(service);
            assertWorks(service);
            try (Connection connection = DriverManager.getConnection(url);
                    Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("select count(*) from team.image_cache")) {
                row.next();
                assertThat(row.getInt(1)).isOne();
            }
        }
    }

    @Test
    void withoutFlywayATableThatIsMissingIsToldInTheWordsOfTheDriver() throws Exception {
        try (ServiceProcess service = start(url, "spring.flyway.enabled=false")) {
            assertProblem(service.http().put("/images/" + Keys.next(), IMAGE), 503, "storage-unavailable");
            assertThat(service.output()).contains("relation \"image_cache\" does not exist").doesNotContain("\tat ");
            flyway("latest").migrate();
            assertWorks(service);
        }
    }

    @Test
    void tablesThatCannotBeMigratedAreToldInOneLine(@TempDir Path folder) throws Exception {
        try (Connection file = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("cache.db"))) {
            file.createStatement().execute("create table image_cache (something text)");
        }
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + folder)) {
            assertThat(service.exitCode()).isNotZero();
            assertThat(service.output().lines()).hasSize(1);
            assertThat(service.output()).contains("The tables cannot be brought up to date: ");
        }
    }

    private static ServiceProcess start(String url, String... settings) throws IOException {
        List<String> all = new ArrayList<>(List.of(settings));
        all.add("spring.datasource.url=" + url);
        return ServiceProcess.start(all.toArray(String[]::new));
    }

    private static void assertWaiting(ServiceProcess service, String... words) throws Exception {
        Http http = service.http();
        assertThat(http.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
        assertThat(http.get("/actuator/health/readiness").statusCode()).isEqualTo(503);
        await().atMost(Duration.ofSeconds(30))
            .until(() -> service.output()
                .lines()
                .anyMatch((line) -> line.contains("not up to date") && Stream.of(words).allMatch(line::contains)));
        assertThat(service.output()).doesNotContain("\tat ");
    }

    private static void assertReady(ServiceProcess service) throws Exception {
        Http http = service.http();
        await().atMost(Duration.ofSeconds(60)).until(() -> http.get("/actuator/health/readiness").statusCode() == 200);
    }

    private static void assertWorks(ServiceProcess service) throws Exception {
        Http http = service.http();
        String path = "/images/" + Keys.next();
        assertThat(http.put(path, IMAGE).statusCode()).isEqualTo(201);
        assertThat(http.get(path).statusCode()).isEqualTo(200);
        await().atMost(Duration.ofSeconds(60))
            .until(() -> http.get("/actuator/prometheus").body().contains("dejavu_change_feed_current 1"));
        assertThat(http.put(path, IMAGE).statusCode()).isEqualTo(200);
        String other = "/images/" + Keys.next();
        assertThat(http.put(other, IMAGE).statusCode()).isEqualTo(201);
        assertThat(http.delete(other).statusCode()).isEqualTo(204);
    }

    /** A user who may use the tables that there are. */
    private String user() {
        String user = "few_rights_" + database;
        execute("create role " + user + " login");
        return user;
    }

    private void execute(String sql) {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
        catch (SQLException ex) {
            throw new IllegalStateException(ex);
        }
    }

    private static void lock(Connection locker, String table) throws SQLException {
        locker.setAutoCommit(false);
        locker.createStatement().execute("lock table " + table);
    }

    private Flyway flyway(String target) {
        return Flyway.configure()
            .dataSource(url, "postgres", null)
            .locations("db/migration", "db/postgresql")
            .target(target)
            .load();
    }

}
