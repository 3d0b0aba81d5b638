package dev.dejavu.startup;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.ServiceProcess;

import static java.nio.charset.StandardCharsets.UTF_8;
import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The service as a process: how it starts, how a start fails, how it ends.
 */
class ProcessTests {

    @TempDir
    private Path folder;

    @Test
    void startLogsOneLine() throws Exception {
        Path home = folder.resolve("home");
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + home, "dejavu.image.ttl=12h",
                "dejavu.bundle.ttl=7")) {
            service.http();
            assertThat(service.output().lines()).hasSize(1);
            assertThat(service.output()).contains("Dejavu ", " listening on http://127.0.0.1:", "images for 12h",
                    "bundles for 7d", "SQLite at " + home + "/cache.db");
        }
    }

    @Test
    void startLineHasNoPassword() throws Exception {
        String url = Postgres.url(Postgres.port(), Postgres.newDatabase()) + "&password=secret";
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + url)) {
            service.http();
            assertThat(service.output()).contains("PostgreSQL at 127.0.0.1:" + Postgres.port() + "/dejavu")
                .doesNotContain("secret");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            textBlock = """
                    dejavu.image.ttl=0d              | dejavu.image.ttl must be from 1ms to 3650d
                    dejavu.bundle.ttl=soon           | dejavu.bundle.ttl must be a duration, as in 30d
                    dejavu.pruning.probability=5     | dejavu.pruning.probability must be from 0 to 1
                    dejavu.pruning.batch-size=many   | dejavu.pruning.batch-size must be a number
                    server.address=[x                | server.address must be an address
                    dejavu.accept-local=perhaps      | dejavu.accept-local must be true or false
                    dejavu.webhooks.w.format=hub     | dejavu.webhooks.w.format must be one of distribution, harbor
                    dejavu.webhooks.w.secret=short   | dejavu.webhooks.w.format must be distribution, harbor
                    spring.datasource.url=jdbc:x:y?password=secret | spring.datasource.url must be jdbc:sqlite:<file> or jdbc:postgresql:
                    server.tomcat.max-connections=x  | server.tomcat.max-connections must be a number
                    """)
    void invalidSettingAbortsTheStartAndIsNamed(String setting, String line) throws Exception {
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + folder, setting)) {
            assertThat(service.exitCode()).isNotZero();
            assertThat(service.output().lines()).hasSize(1);
            assertThat(service.output()).contains(line).doesNotContain("secret");
        }
    }

    @Test
    void unwritableHomeAbortsTheStartAndIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + file)) {
            assertThat(service.exitCode()).isNotZero();
            assertThat(service.output()).contains("dejavu.home must be a place where this user may write")
                .doesNotContain("\tat ");
        }
    }

    @Test
    void wrongLoginAbortsTheStartAndIsNamed() throws Exception {
        String url = "jdbc:postgresql://127.0.0.1:%d/postgres?password=secret".formatted(Postgres.port());
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + url,
                "spring.datasource.username=nobody", "spring.datasource.password=secret")) {
            assertThat(service.exitCode()).isNotZero();
            assertThat(service.output()).contains("spring.datasource.username must be a user that PostgreSQL lets in")
                .doesNotContain("secret", "\tat ");
        }
    }

    @Test
    void unknownDatabaseAbortsTheStartAndIsNamed() throws Exception {
        String url = Postgres.url(Postgres.port(), "nowhere") + "&password=secret";
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + url)) {
            assertThat(service.exitCode()).isNotZero();
            assertThat(service.output()).contains("spring.datasource.url must name a database that exists", "/nowhere")
                .doesNotContain("secret", "\tat ");
        }
    }

    @Test
    void secondServiceOnTheSameFileIsRejected() throws Exception {
        try (ServiceProcess first = ServiceProcess.start("dejavu.home=" + folder)) {
            first.http();
            try (ServiceProcess second = ServiceProcess.start("dejavu.home=" + folder)) {
                assertThat(second.exitCode()).isNotZero();
                assertThat(second.output()).contains("another Dejavu uses it");
            }
        }
    }

    @Test
    void damagedFileIsMovedAsideAndLogged() throws Exception {
        Files.writeString(folder.resolve("cache.db"), "no database ".repeat(1000));
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + folder)) {
            assertThat(service.http().get("/images").statusCode()).isEqualTo(200);
            assertThat(service.output()).contains("is damaged", "moved to " + folder.resolve("cache.db.damaged-"));
        }
    }

    @Test
    void damageFoundLaterIs503AndMovedAsideByTheNextStart() throws Exception {
        String home = "dejavu.home=" + folder;
        String path = "/images/" + Keys.next();
        try (ServiceProcess service = ServiceProcess.start(home)) {
            assertThat(service.http().put(path, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}").statusCode()).isEqualTo(201);
            service.terminate();
            service.exitCode();
        }
        try (ServiceProcess service = ServiceProcess.start(home)) {
            Http http = service.http();
            try (FileChannel file = FileChannel.open(folder.resolve("cache.db"), StandardOpenOption.WRITE)) {
                int schema = 4096;
                file.write(ByteBuffer.wrap(new byte[(int) file.size() - schema]), schema);
            }
            assertProblem(http.get(path), 503, "storage-unavailable");
            assertThat(http.get("/actuator/health/liveness").statusCode()).isEqualTo(503);
            service.terminate();
            service.exitCode();
        }
        try (ServiceProcess service = ServiceProcess.start(home)) {
            assertThat(service.http().get(path).statusCode()).isEqualTo(404);
            assertThat(service.http().get("/actuator/health/liveness").statusCode()).isEqualTo(200);
            assertThat(service.output()).contains("moved to " + folder.resolve("cache.db.damaged-"));
        }
    }

    @Test
    void acknowledgedWritesSurviveAKillOnSqlite() throws Exception {
        acknowledgedWritesSurviveAKill("dejavu.home=" + folder);
    }

    @Test
    void acknowledgedWritesSurviveAKillOnPostgres() throws Exception {
        acknowledgedWritesSurviveAKill(
                "spring.datasource.url=" + Postgres.url(Postgres.port(), Postgres.newDatabase()));
    }

    private static void acknowledgedWritesSurviveAKill(String setting) throws Exception {
        Queue<CacheKey> acknowledged = new ConcurrentLinkedQueue<>();
        try (ServiceProcess service = ServiceProcess.start(setting)) {
            Http http = service.http();
            List<Thread> writers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                writers.add(Thread.ofVirtual().start(() -> writeUntilItFails(http, acknowledged)));
            }
            await().atMost(Duration.ofMinutes(1)).until(() -> acknowledged.size() > 500);
            service.kill();
            for (Thread writer : writers) {
                writer.join();
            }
        }
        try (ServiceProcess service = ServiceProcess.start(setting)) {
            Http http = service.http();
            assertThat(acknowledged).allMatch((key) -> http.get("/images/" + key).statusCode() == 200,
                    "is there after the kill");
            assertThat(service.output()).doesNotContain("damaged");
        }
    }

    private static void writeUntilItFails(Http http, Queue<CacheKey> acknowledged) {
        try {
            while (true) {
                CacheKey key = Keys.next();
                if (http.put("/images/" + key, "{\"image_uri\":\"ghcr.io/acme/kill:v1\"}").statusCode() == 201) {
                    acknowledged.add(key);
                }
            }
        }
        catch (RuntimeException ex) {
            // killed
        }
    }

    @Test
    void requestsInFlightEndBeforeTheService() throws Exception {
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + folder);
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), service.http().port())) {
            String body = "{\"image_uri\":\"ghcr.io/acme/slow:v1\"}";
            send(socket,
                    "PUT /images/" + Keys.next() + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + "Connection: close\r\nContent-Length: " + body.length() + "\r\n\r\n"
                            + body.substring(0, 10));
            // once this returns, a thread is reading the request before it
            service.http().get("/stats");
            service.terminate();
            await().atMost(Duration.ofMinutes(1)).until(() -> refuses(service.http().port()));
            send(socket, body.substring(10));
            assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8)).startsWith("HTTP/1.1 201 ");
            assertThat(service.exitCode()).isEqualTo(143);
        }
    }

    @Test
    void longPruneDoesNotDelayTheStop() throws Exception {
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + folder)) {
            service.http();
        }
        try (Connection file = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("cache.db"));
                Statement statement = file.createStatement()) {
            statement.execute("""
                    with recursive numbers(number) as (select 1 union all select number + 1 from numbers limit 200000)
                    insert into image_cache (hash, image_uri, created_at, revision)
                        select printf('%064x', number), 'ghcr.io/acme/old:v1', 1, 1 from numbers
                    """);
        }
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + folder, "dejavu.pruning.probability=1",
                "dejavu.pruning.batch-size=1")) {
            Http http = service.http();
            http.get("/images/" + Keys.next());
            await().until(() -> json(http.get("/stats")).at("/images/pruned").asInt() > 0);
            service.terminate();
            long begin = System.nanoTime();
            assertThat(service.exitCode()).isEqualTo(143);
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
        }
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(UTF_8));
        socket.getOutputStream().flush();
    }

    private static boolean refuses(int port) {
        try {
            new Socket(InetAddress.getLoopbackAddress(), port).close();
            return false;
        }
        catch (IOException ex) {
            return true;
        }
    }

}
