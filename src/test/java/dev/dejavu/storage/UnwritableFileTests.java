package dev.dejavu.storage;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.ServiceProcess;

import static dev.dejavu.testing.Http.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The disk refuses every write while the service runs, as one that the system mounted
 * again, read-only, after an error.
 */
@EnabledOnOs(OS.LINUX)
class UnwritableFileTests {

    private static final String BODY = "{\"image_uri\":\"ghcr.io/acme/a:v1\"}";

    @TempDir
    private Path home;

    @Test
    void serviceIsNotReadyUntilWritesAreTakenAgain() throws Exception {
        CacheKey stored = Keys.next();
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + home)) {
            Http http = service.http();
            assertThat(http.put("/images/" + stored, BODY).statusCode()).isEqualTo(201);
            limitFiles(service, "0");
            assertProblem(http.put("/images/" + Keys.next(), BODY), 503, "storage-unavailable");
            HttpResponse<String> readiness = http.get("/actuator/health/readiness");
            assertThat(readiness.statusCode()).isEqualTo(503);
            assertThat(readiness.body()).contains("the file cannot be written");
            assertThat(http.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
            assertThat(http.get("/images/" + stored).statusCode()).isEqualTo(200);
            assertThat(service.output()).contains("every write is 503, and the service is not ready");
            limitFiles(service, "unlimited");
            // No write comes to a service that is not ready.
            await().atMost(Duration.ofSeconds(10))
                .until(() -> http.get("/actuator/health/readiness").statusCode() == 200);
            saveLog();
            assertThat(http.put("/images/" + Keys.next(), BODY).statusCode()).isEqualTo(201);
            assertThat(http.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
            assertThat(service.output()).doesNotContain("is damaged");
        }
    }

    /** To the file, as SQLite does once the log is long. */
    private void saveLog() throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + home.resolve("cache.db"));
                Statement statement = connection.createStatement()) {
            statement.execute("pragma wal_checkpoint(passive)");
        }
    }

    private static void limitFiles(ServiceProcess service, String bytes) throws IOException, InterruptedException {
        Process limit = new ProcessBuilder("prlimit", "--pid", String.valueOf(service.pid()), "--fsize=" + bytes + ":")
            .inheritIO()
            .start();
        assertThat(limit.waitFor()).isZero();
    }

}
