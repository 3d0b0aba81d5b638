package dev.dejavu.storage;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.DejavuApplication;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.Staleness;
import dev.dejavu.testing.TcpProxy;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * PostgreSQL is unreachable, hangs or starts late: responses get poorer, the service
 * stays up.
 */
class PostgresqlFaultTests {

    /** The 2 s of the contract, and the time the test itself needs. */
    private static final Duration MAX_DURATION = Duration.ofMillis(2500);

    private final List<ConfigurableApplicationContext> services = new ArrayList<>();

    private final String database = Postgres.newDatabase();

    private final TcpProxy proxy;

    PostgresqlFaultTests() throws IOException {
        this.proxy = new TcpProxy(Postgres.port());
    }

    @BeforeEach
    void mend() throws IOException {
        proxy.mend();
    }

    @AfterEach
    void stop() throws IOException {
        proxy.freeze(false);
        services.forEach(ConfigurableApplicationContext::close);
        proxy.close();
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void unreachableDatabaseIs503InTimeUntilItRecovers(CapturedOutput output) throws IOException {
        Http http = start();
        String path = "/images/" + Keys.next();
        assertThat(http.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}").statusCode()).isEqualTo(201);
        proxy.cut();
        for (Supplier<HttpResponse<String>> call : calls(http, path)) {
            assertUnavailable(call);
        }
        assertThat(http.get("/images/ABC").statusCode()).isEqualTo(400);
        assertHealth(http, 503);
        String metrics = http.get("/actuator/prometheus").body();
        assertThat(metrics).contains("dejavu_entries{cache=\"images\"} NaN",
                "dejavu_lookups_total{cache=\"images\",result=\"miss\"} 0.0");
        assertThat(output).doesNotContain("dejavu.entries", "DefaultGauge");
        proxy.mend();
        await().atMost(Duration.ofSeconds(60)).until(() -> http.get(path).statusCode() == 200);
        assertHealth(http, 200);
    }

    @Test
    void hangingDatabaseIs503InTimeUntilItRecovers() {
        Http http = start();
        String path = "/images/" + Keys.next();
        assertThat(http.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}").statusCode()).isEqualTo(201);
        proxy.freeze(true);
        for (Supplier<HttpResponse<String>> call : calls(http, path)) {
            assertUnavailable(call);
        }
        assertHealth(http, 503);
        proxy.freeze(false);
        await().atMost(Duration.ofSeconds(60)).until(() -> http.get(path).statusCode() == 200);
        assertHealth(http, 200);
    }

    @Test
    void lookupsGiveUpBeforeOtherReadsOfTheSameConnections() {
        start();
        CacheDatabase cache = services.getLast().getBean(CacheDatabase.class);
        // A timeout of the server would come after 900 ms.
        assertThatThrownBy(() -> sleep(cache.lookups(), 800)).hasRootCauseInstanceOf(SocketTimeoutException.class);
        for (int connection = 0; connection < 20; connection++) {
            sleep(cache.lookups(), 0);
        }
        sleep(cache.reader(), 700);
    }

    private static void sleep(JdbcClient client, int millis) {
        client.sql("select 1 from pg_sleep(?)").param(millis / 1000.0).query(Integer.class).single();
    }

    @Test
    void manyRequestsOnAHangingDatabaseAllEndInTime() throws Exception {
        Http http = start();
        String path = "/images/" + Keys.next();
        http.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}");
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            // connections that were used lately are not validated when borrowed
            List<Future<?>> warm = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                warm.add(executor.submit(() -> http.get(path)));
            }
            for (Future<?> one : warm) {
                one.get();
            }
            proxy.freeze(true);
            List<Future<?>> calls = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                calls.add(executor.submit(() -> assertUnavailable(() -> http.get("/images/" + Keys.next()))));
            }
            for (Future<?> one : calls) {
                one.get();
            }
        }
    }

    @Test
    void writeAnsweredWith503IsNeverExecuted() throws Exception {
        Http http = start();
        String path = "/images/" + Keys.next();
        assertThat(http.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}").statusCode()).isEqualTo(201);
        try (Connection locker = DriverManager.getConnection(Postgres.url(Postgres.port(), database));
                Statement statement = locker.createStatement();
                ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            locker.setAutoCommit(false);
            statement.execute("select 1 from image_cache for update");
            List<Future<?>> writes = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                writes.add(executor
                    .submit(() -> assertUnavailable(() -> http.put(path, "{\"image_uri\":\"ghcr.io/acme/a:late\"}"))));
            }
            for (Future<?> write : writes) {
                write.get();
            }
            try (ResultSet waiting = statement.executeQuery("select count(*) from pg_stat_activity"
                    + " where wait_event_type = 'Lock' and datname = current_database()")) {
                waiting.next();
                assertThat(waiting.getInt(1)).isZero();
            }
            locker.rollback();
        }
        assertThat(json(http.get(path)).path("image_uri").asString()).isEqualTo("ghcr.io/acme/a:v1");
    }

    @Test
    void serviceStartsBeforeItsDatabase() throws IOException {
        proxy.cut();
        Http http = start();
        String path = "/bundles/" + Keys.next();
        assertHealth(http, 503);
        assertUnavailable(() -> http.get(path));
        proxy.mend();
        await().atMost(Duration.ofSeconds(60)).until(() -> http.get("/actuator/health/readiness").statusCode() == 200);
        assertThat(http.put(path, "{\"hash_digest\":\"a\",\"remote_path\":\"s3://a/b\"}").statusCode()).isEqualTo(201);
    }

    @Test
    void instancesThatStartTogetherShareTheirEntries() throws Exception {
        Http one;
        Http other;
        try (ExecutorService executor = Executors.newFixedThreadPool(2)) {
            Future<Http> first = executor.submit(() -> start());
            Future<Http> second = executor.submit(() -> start());
            one = first.get();
            other = second.get();
        }
        String path = "/images/" + Keys.next();
        assertThat(one.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}").statusCode()).isEqualTo(201);
        assertThat(other.get(path).body()).isEqualTo(one.get(path).body());
        assertThat(other.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v2\"}").statusCode()).isEqualTo(200);
        // The near cache may be stale for a second after another instance writes.
        Staleness.isBelowOneSecond(() -> json(one.get(path)).path("image_uri").asString().equals("ghcr.io/acme/a:v2"));
        assertThat(one.delete(path).statusCode()).isEqualTo(204);
        Staleness.isBelowOneSecond(() -> other.get(path).statusCode() == 404);
    }

    private synchronized Http start() {
        ConfigurableApplicationContext service = SpringApplication.run(DejavuApplication.class, "--server.port=0",
                "--dejavu.registry.allowed=", "--spring.datasource.url=" + Postgres.url(proxy.port(), database));
        services.add(service);
        return Http.of(service);
    }

    private static List<Supplier<HttpResponse<String>>> calls(Http http, String path) {
        return List.of(() -> http.get(path), () -> http.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v2\"}"),
                () -> http.delete(path), () -> http.get("/images"), () -> http.delete("/images"),
                () -> http.post("/images/lookup", "{\"hashes\":[\"" + Keys.next() + "\"]}"), () -> http.get("/stats"));
    }

    private static void assertUnavailable(Supplier<HttpResponse<String>> call) {
        Instant before = Instant.now();
        HttpResponse<String> response = call.get();
        assertThat(Duration.between(before, Instant.now())).isLessThan(MAX_DURATION);
        assertProblem(response, 503, "storage-unavailable");
        assertThat(Integer.parseInt(header(response, "Retry-After"))).isPositive();
    }

    private static void assertHealth(Http http, int readiness) {
        Instant before = Instant.now();
        assertThat(http.get("/actuator/health/readiness").statusCode()).isEqualTo(readiness);
        assertThat(Duration.between(before, Instant.now())).isLessThan(MAX_DURATION);
        assertThat(http.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
    }

}
