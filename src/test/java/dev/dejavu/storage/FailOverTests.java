package dev.dejavu.storage;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.DejavuApplication;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.PostgresServer;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A primary and its standby: promoted under load, the standby away, the primary demoted.
 */
@ExtendWith(OutputCaptureExtension.class)
class FailOverTests {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private static final int READ_BEFORE = 20;

    private final PostgresServer primary = PostgresServer.start();

    private final List<AutoCloseable> resources = new ArrayList<>(List.of(primary));

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable resource : resources.reversed()) {
            resource.close();
        }
    }

    @Test
    void promotionLosesNothingAndReadsGoOn() throws Exception {
        PostgresServer standby = startStandby();
        Http http = startService(
                "jdbc:postgresql://127.0.0.1:%d,127.0.0.1:%d/postgres?user=postgres&targetServerType=primary"
                    .formatted(primary.port(), standby.port()));
        List<String> read = new ArrayList<>();
        for (int n = 0; n < READ_BEFORE; n++) {
            read.add(put(http, 201));
            assertThat(http.get(read.getLast()).statusCode()).isEqualTo(200);
        }
        Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
        AtomicInteger failedReads = new AtomicInteger();
        AtomicInteger lateAnswers = new AtomicInteger();
        AtomicBoolean running = new AtomicBoolean(true);
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int n = 0; n < 4; n++) {
                all.add(clients.submit(() -> {
                    while (running.get()) {
                        String path = path();
                        if (timed(() -> put(http, path), lateAnswers).statusCode() == 201) {
                            acknowledged.add(path);
                        }
                    }
                }));
                all.add(clients.submit(() -> {
                    for (int i = 0; running.get(); i++) {
                        String path = read.get(i % READ_BEFORE);
                        if (timed(() -> http.get(path), lateAnswers).statusCode() != 200) {
                            failedReads.incrementAndGet();
                        }
                    }
                }));
            }
            try {
                await().atMost(TIMEOUT).until(() -> acknowledged.size() > 50);
                primary.kill();
                await().atMost(TIMEOUT).until(() -> put(http, path()).statusCode() == 503);
                standby.promote();
                Instant promoted = Instant.now();
                int before = acknowledged.size();
                await().pollInterval(Duration.ofMillis(10)).atMost(TIMEOUT).until(() -> acknowledged.size() > before);
                assertThat(Duration.between(promoted, Instant.now())).isLessThan(Duration.ofSeconds(2));
                await().atMost(TIMEOUT).until(() -> acknowledged.size() > before + 50);
            }
            finally {
                // Closing the executor waits for the clients.
                running.set(false);
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        assertThat(failedReads).as("failed reads").hasValue(0);
        assertThat(lateAnswers).as("late answers").hasValue(0);
        assertThat(acknowledged).allSatisfy((path) -> assertThat(http.get(path).statusCode()).isEqualTo(200));
        await().atMost(TIMEOUT).until(() -> http.get("/actuator/health/readiness").statusCode() == 200);
    }

    @Test
    void writesAre503InTimeWhileTheSynchronousStandbyIsAway() throws Exception {
        PostgresServer standby = startStandby();
        Http http = startService(primary.url("postgres"));
        String path = put(http, 201);
        standby.freeze();
        AtomicInteger late = new AtomicInteger();
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int client = 0; client < 8; client++) {
                all.add(clients.submit(() -> {
                    for (int n = 0; n < 15; n++) {
                        assertProblem(timed(() -> put(http, path()), late), 503, "storage-unavailable");
                        assertThat(timed(() -> http.get(path), late).statusCode()).isEqualTo(200);
                    }
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        assertThat(late).as("late answers").hasValue(0);
        assertThat(primary.query("select count(*) from pg_stat_activity where wait_event = 'SyncRep'"))
            .as("sessions that wait for the standby")
            .isIn("1", "2");
        standby.thaw();
        await().atMost(TIMEOUT).until(() -> put(http, path()).statusCode() == 201);
    }

    @Test
    void readOnlyServerIsOutOfServiceWithAReason(CapturedOutput output) throws Exception {
        Http http = startService(primary.url("postgres"), "--dejavu.access.mode=open");
        String path = put(http, 201);
        primary.execute("alter system set default_transaction_read_only = on");
        primary.execute("select pg_reload_conf()");
        await().atMost(TIMEOUT).until(() -> put(http, path()).statusCode() == 503);
        HttpResponse<String> readiness = http.get("/actuator/health/readiness");
        assertThat(readiness.statusCode()).isEqualTo(503);
        assertThat(json(readiness).path("status").asString()).isEqualTo("OUT_OF_SERVICE");
        assertThat(json(readiness).at("/components/db/details/reason").asString()).contains("read-only");
        assertThat(http.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
        assertThat(http.get(path).statusCode()).isEqualTo(200);
        await().atMost(TIMEOUT).until(() -> output.getOut().contains("PostgreSQL is read-only"));
        primary.execute("alter system reset default_transaction_read_only");
        primary.execute("select pg_reload_conf()");
        await().atMost(TIMEOUT).until(() -> put(http, path()).statusCode() == 201);
        await().atMost(TIMEOUT).until(() -> http.get("/actuator/health/readiness").statusCode() == 200);
        await().atMost(TIMEOUT).until(() -> output.getOut().contains("PostgreSQL takes writes again"));
    }

    @Test
    void rotatedPasswordIsReadFromItsFile() throws Exception {
        primary.execute("create role rotating login superuser password 'first'");
        Path rules = primary.folder().resolve("pg_hba.conf");
        Files.writeString(rules, "host all rotating 127.0.0.1/32 scram-sha-256\n" + Files.readString(rules));
        primary.execute("select pg_reload_conf()");
        Path file = Files.createTempFile("password", "");
        Files.writeString(file, "first\n");
        Http http = startService("jdbc:postgresql://127.0.0.1:%d/postgres".formatted(primary.port()),
                "--spring.datasource.username=rotating", "--dejavu.database.password-file=" + file);
        put(http, 201);
        primary.execute("alter role rotating password 'second'");
        Files.writeString(file, "second\n");
        primary.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'rotating'");
        await().atMost(TIMEOUT).until(() -> put(http, path()).statusCode() == 201);
    }

    private PostgresServer startStandby() throws Exception {
        PostgresServer standby = primary.startStandby();
        resources.add(standby);
        primary.requireStandby();
        return standby;
    }

    private Http startService(String url, String... settings) {
        List<String> arguments = new ArrayList<>(List.of("--server.port=0", "--dejavu.registry.allowed=",
                "--dejavu.rate-limit.writes-per-second=0", "--spring.datasource.url=" + url));
        arguments.addAll(List.of(settings));
        ConfigurableApplicationContext service = SpringApplication.run(DejavuApplication.class,
                arguments.toArray(String[]::new));
        resources.add(service);
        return Http.of(service);
    }

    private static HttpResponse<String> timed(Supplier<HttpResponse<String>> call, AtomicInteger late) {
        Instant before = Instant.now();
        HttpResponse<String> response = call.get();
        // The 2 s of the contract, and the time the test itself needs.
        if (Duration.between(before, Instant.now()).compareTo(Duration.ofMillis(2500)) > 0) {
            late.incrementAndGet();
        }
        return response;
    }

    private static String path() {
        return "/images/" + Keys.next();
    }

    private static HttpResponse<String> put(Http http, String path) {
        return http.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}");
    }

    private static String put(Http http, int status) {
        String path = path();
        assertThat(put(http, path).statusCode()).isEqualTo(status);
        return path;
    }

}
