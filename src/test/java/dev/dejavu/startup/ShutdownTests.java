package dev.dejavu.startup;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
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

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.ServiceProcess;

import static java.nio.charset.StandardCharsets.UTF_8;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * How the service ends as a process, killed or stopped.
 */
class ShutdownTests {

    @TempDir
    private Path folder;

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
    void callerOnAnOpenConnectionIsToldToLeave() throws Exception {
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + folder);
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), service.http().port())) {
            socket.setSoTimeout(30_000);
            BufferedReader answers = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
            String path = "/images/" + Keys.next();
            assertThat(answer(socket, answers, path)).startsWith("HTTP/1.1 404 ").doesNotContain("Connection: close");
            service.terminate();
            String answer;
            do {
                answer = answer(socket, answers, path);
                assertThat(answer).startsWith("HTTP/1.1 404 ");
            }
            while (!answer.contains("Connection: close"));
            assertThat(answers.read()).isEqualTo(-1);
            assertThat(service.exitCode()).isEqualTo(143);
        }
    }

    /** The header of the answer. */
    private static String answer(Socket socket, BufferedReader answers, String path) throws IOException {
        send(socket, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        StringBuilder header = new StringBuilder();
        int length = 0;
        for (String line = answers.readLine(); line != null && !line.isEmpty(); line = answers.readLine()) {
            header.append(line).append('\n');
            if (line.startsWith("Content-Length: ")) {
                length = Integer.parseInt(line.substring("Content-Length: ".length()));
            }
        }
        for (int i = 0; i < length; i++) {
            assertThat(answers.read()).isNotNegative();
        }
        return header.toString();
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
