package dev.dejavu.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.ServiceProcess;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Somebody else writes into the files of SQLite while the service runs. Once that was
 * noticed nothing is acknowledged, and what was acknowledged is there or moved aside.
 */
class SqliteOverwrittenTests {

    private static final String OVERWRITTEN = "overwritten or truncated while it was in use";

    @TempDir
    private Path home;

    private final List<CacheKey> acknowledged = new ArrayList<>();

    @Test
    void fileOverwrittenByACopyOfAnotherIsMovedAside() throws Exception {
        Path other = home.resolve("other");
        try (ServiceProcess service = start(other)) {
            put(service.http(), 10);
            stop(service);
        }
        acknowledged.clear();
        assertNoticed("a copy", false, () -> overwrite(Files.readAllBytes(other.resolve("cache.db"))));
        assertMovedAside(OVERWRITTEN);
    }

    @Test
    void fileThatIsEmptiedIsMovedAside() throws Exception {
        assertNoticed("an empty file", false, () -> truncate(0));
        assertMovedAside(OVERWRITTEN);
    }

    @Test
    void fileThatLosesItsEndIsMovedAside() throws Exception {
        assertNoticed("half a file", false, () -> truncate(Files.size(file()) / 2));
        assertMovedAside(OVERWRITTEN);
    }

    @Test
    void garbageInTheMiddleOfAnIdleFileIsMovedAside() throws Exception {
        assertNoticed("garbage", true, () -> garbage(Files.size(file()) / 3, (int) Files.size(file()) / 3));
        assertMovedAside("");
    }

    @Test
    void logThatIsDeletedLosesNothing() throws Exception {
        assertNoticed("a deleted log", false, () -> Files.delete(home.resolve("cache.db-wal")));
        try (ServiceProcess service = start(home)) {
            Http http = service.http();
            assertThat(acknowledged).allMatch((key) -> http.get("/images/" + key).statusCode() == 200);
            assertThat(service.output()).doesNotContain("is damaged");
        }
    }

    @Test
    void fileThatVacuumMakesShorterIsUsedAfterARestart() throws Exception {
        try (ServiceProcess service = start(home)) {
            Http http = service.http();
            put(http, 50);
            sql("""
                    create table filler as
                    with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 20000)
                    select n, hex(randomblob(100)) as text from numbers
                    """, "pragma wal_checkpoint(truncate)");
            put(http, 1);
            sql("drop table filler", "vacuum", "pragma wal_checkpoint(truncate)");
            await().atMost(Duration.ofSeconds(20)).until(() -> {
                put(http, 1);
                return http.get("/actuator/health/liveness").statusCode() == 503;
            });
            service.kill();
        }
        try (ServiceProcess service = start(home)) {
            Http http = service.http();
            assertThat(acknowledged).allMatch((key) -> http.get("/images/" + key).statusCode() == 200);
            assertThat(service.output()).contains("found sound as a whole").doesNotContain("creating a new one");
            put(http, 1);
            assertThat(http.get("/images/" + acknowledged.getLast()).statusCode()).isEqualTo(200);
        }
    }

    private void sql(String... statements) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file());
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private void assertNoticed(String what, boolean isIdle, Event event) throws Exception {
        try (ServiceProcess service = start(home)) {
            put(service.http(), 200);
            stop(service);
        }
        try (ServiceProcess service = start(home)) {
            Http http = service.http();
            put(http, 200);
            event.happen();
            int known = acknowledged.size();
            long begin = System.nanoTime();
            await().atMost(Duration.ofSeconds(20)).until(() -> {
                put(http, isIdle ? 0 : 1);
                return http.get("/actuator/health/liveness").statusCode() == 503;
            });
            System.out.printf("%s noticed after %d ms, %d acknowledged meanwhile%n", what,
                    (System.nanoTime() - begin) / 1_000_000, acknowledged.size() - known);
            known = acknowledged.size();
            put(http, 20);
            assertThat(acknowledged).hasSize(known);
            assertThat(http.get("/actuator/health/readiness").statusCode()).isEqualTo(503);
            service.kill();
        }
    }

    private void assertMovedAside(String reason) throws Exception {
        try (ServiceProcess service = start(home)) {
            Http http = service.http();
            assertThat(service.output()).contains("is damaged (" + reason).contains("creating a new one");
            put(http, 1);
            assertThat(http.get("/images/" + acknowledged.getLast()).statusCode()).isEqualTo(200);
            try (Stream<Path> files = Files.list(home)) {
                assertThat(files).anyMatch((path) -> path.toString().contains("cache.db.damaged-"));
            }
        }
    }

    private Path file() {
        return home.resolve("cache.db");
    }

    private static void stop(ServiceProcess service) throws InterruptedException {
        service.terminate();
        service.exitCode();
    }

    private static ServiceProcess start(Path home) throws IOException {
        return ServiceProcess.start("dejavu.home=" + home);
    }

    private void put(Http http, int count) {
        for (int i = 0; i < count; i++) {
            CacheKey key = Keys.next();
            int status = http.put("/images/" + key, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}").statusCode();
            assertThat(status).isIn(201, 503);
            if (status == 201) {
                acknowledged.add(key);
            }
        }
    }

    /** As {@code cp} does: the same file, with other content. */
    private void overwrite(byte[] content) throws IOException {
        Files.write(file(), content, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
    }

    private void truncate(long size) throws IOException {
        try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
            channel.truncate(size);
        }
    }

    private void garbage(long position, int size) throws IOException {
        try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap("x".repeat(size).getBytes(UTF_8)), position);
        }
    }

    /** What somebody else does. */
    private interface Event {

        void happen() throws IOException;

    }

}
