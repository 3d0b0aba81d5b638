package dev.dejavu.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jspecify.annotations.Nullable;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Loopback;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.ServiceProcess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A real PgBouncer between the service and PostgreSQL. Without it they are skipped with
 * one line on the console; under CI they fail.
 */
@Tag("registry")
class PgBouncerTests {

    private static final String IMAGE = "{\"image_uri\":\"ghcr.io/acme/a:v1\"}";

    @TempDir
    private Path folder;

    private final String database = Postgres.newDatabase();

    private @Nullable Process pooler;

    private int port;

    @AfterEach
    void stop() {
        if (pooler != null) {
            pooler.destroyForcibly().onExit().join();
        }
    }

    @Test
    void sharedSessionsAreUsedAndLeftAsTheyWere() throws Exception {
        start("transaction");
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + Postgres.url(port, database))) {
            Http http = service.http();
            await().atMost(Duration.ofSeconds(60))
                .until(() -> http.get("/actuator/health/readiness").statusCode() == 200);
            try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Future<?>> calls = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    calls.add(callers.submit(() -> putAndGet(http)));
                }
                for (Future<?> call : calls) {
                    call.get();
                }
            }
            assertThat(http.get("/actuator/prometheus").body()).contains("dejavu_change_feed_current 0");
            assertThat(service.output()).contains("A pooler shares PostgreSQL's sessions")
                .doesNotContain("Failed with");
            assertNothingIsLeft();
        }
    }

    @Test
    void sessionOfOneConnectionHasTheNearCache() throws Exception {
        start("session");
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + Postgres.url(port, database))) {
            Http http = service.http();
            await().atMost(Duration.ofSeconds(60))
                .until(() -> http.get("/actuator/prometheus").body().contains("dejavu_change_feed_current 1"));
            putAndGet(http);
            assertThat(service.output()).doesNotContain("A pooler shares");
        }
    }

    /** PgBouncer passes no schema on that a connection asks for. */
    @Test
    void anotherSchemaIsThatOfTheUser() throws Exception {
        String direct = Postgres.url(Postgres.port(), database);
        try (Connection connection = DriverManager.getConnection(direct);
                Statement statement = connection.createStatement()) {
            statement.execute("create schema cache");
            statement.execute("alter role postgres in database %s set search_path = cache".formatted(database));
        }
        start("transaction");
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + Postgres.url(port, database),
                "spring.flyway.url=" + direct, "spring.flyway.default-schema=cache")) {
            putAndGet(service.http());
            assertThat(service.output()).contains("A pooler shares PostgreSQL's sessions");
        }
        try (Connection connection = DriverManager.getConnection(direct);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select count(*) from cache.image_cache")) {
            row.next();
            assertThat(row.getInt(1)).isEqualTo(30);
        }
    }

    /** The connections that the pool has go on. */
    @Test
    void poolerThatIsFullIsNoOutage() throws Exception {
        start("session", "max_client_conn = 20");
        List<Connection> others = new ArrayList<>();
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + Postgres.url(port, database))) {
            Http http = service.http();
            await().atMost(Duration.ofSeconds(60))
                .until(() -> http.get("/actuator/prometheus").body().contains("dejavu_change_feed_current 1"));
            putAndGet(http);
            fill(others);
            AtomicInteger answers = new AtomicInteger();
            AtomicInteger refused = new AtomicInteger();
            Thread caller = Thread.ofVirtual().start(() -> {
                while (!Thread.interrupted()) {
                    int status = http.get("/images/" + Keys.next()).statusCode();
                    ((status == 404) ? answers : refused).incrementAndGet();
                }
            });
            // Its connection fails, and the circuit breaker asks on a new one.
            for (int terminated = 1; terminated <= 3; terminated++) {
                terminateOneOfThePool();
                int before = answers.get();
                await().until(() -> {
                    fill(others);
                    return answers.get() > before + 100;
                });
            }
            caller.interrupt();
            caller.join();
            assertThat(refused.get()).isLessThanOrEqualTo(3);
            assertThat(service.output()).doesNotContain("PostgreSQL does not answer");
        }
        finally {
            for (Connection connection : others) {
                connection.close();
            }
        }
    }

    private void fill(List<Connection> others) {
        try {
            while (true) {
                others.add(DriverManager.getConnection(Postgres.url(port, database)));
            }
        }
        catch (SQLException ex) {
            assertThat(ex.getMessage()).contains("no more connections allowed");
        }
    }

    private void terminateOneOfThePool() throws SQLException {
        try (Connection connection = DriverManager.getConnection(Postgres.url(Postgres.port(), database));
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and pid <> pg_backend_pid() and query like '%image_cache%'
                    order by state_change desc limit 1
                    """);
        }
    }

    private static void putAndGet(Http http) {
        for (int i = 0; i < 30; i++) {
            String path = "/images/" + Keys.next();
            assertThat(http.get(path).statusCode()).isEqualTo(404);
            assertThat(http.put(path, IMAGE).statusCode()).isEqualTo(201);
            assertThat(http.get(path).statusCode()).isEqualTo(200);
        }
    }

    /** Of the sessions that other applications get. */
    private void assertNothingIsLeft() throws Exception {
        List<Connection> all = new ArrayList<>();
        try {
            for (int i = 0; i < 4; i++) {
                Connection connection = DriverManager
                    .getConnection(Postgres.url(port, database) + "&prepareThreshold=0");
                all.add(connection);
                connection.setAutoCommit(false);
                try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery("""
                        select current_setting('statement_timeout') || current_setting('lock_timeout')
                            || current_setting('idle_in_transaction_session_timeout')
                            || (select count(*) from pg_prepared_statements)
                            || (select count(*) from pg_listening_channels())
                        """)) {
                    row.next();
                    assertThat(row.getString(1)).isEqualTo("00000");
                }
            }
        }
        finally {
            for (Connection connection : all) {
                connection.close();
            }
        }
    }

    private void start(String mode, String... settings) throws IOException {
        requireInstalled();
        port = Loopback.freePort();
        Path users = Files.writeString(folder.resolve("users.txt"), "\"postgres\" \"\"\n");
        Path file = Files.writeString(folder.resolve("pgbouncer.ini"), """
                [databases]
                * = host=127.0.0.1 port=%d
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = %d
                unix_socket_dir =
                auth_type = trust
                auth_file = %s
                pool_mode = %s
                default_pool_size = %d
                ignore_startup_parameters = extra_float_digits, search_path
                """.formatted(Postgres.port(), port, users, mode, mode.equals("session") ? 20 : 4)
                + String.join("\n", settings));
        List<String> command = new ArrayList<>();
        if (System.getProperty("user.name").equals("root")) {
            // It does not run as root of the machine: then as another user of a
            // namespace.
            command.addAll(List.of("unshare", "-U"));
        }
        command.addAll(List.of("/usr/sbin/pgbouncer", "-q", file.toString()));
        pooler = new ProcessBuilder(command).redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
        await().atMost(Duration.ofSeconds(30)).ignoreExceptions().until(() -> {
            DriverManager.getConnection(Postgres.url(port, database)).close();
            return true;
        });
    }

    private static void requireInstalled() {
        boolean isInstalled = Files.isExecutable(Path.of("/usr/sbin/pgbouncer"));
        if (!isInstalled) {
            String missing = "NOT TESTED with PgBouncer: apt-get install pgbouncer";
            System.err.println(missing);
            assertThat(System.getenv("CI")).as(missing).isNotEqualTo("true");
        }
        Assumptions.assumeTrue(isInstalled);
    }

}
