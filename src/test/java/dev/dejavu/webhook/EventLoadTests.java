package dev.dejavu.webhook;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.LoopbackRegistry;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.ServiceProcess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A retention job deletes a tenth of a repository, one event each, while others store and
 * read: with {@code -Devents.rows=1000000} 1,000 manifests of 10,000 images among a
 * million, which is then also held to the time of the answers.
 */
@Tag("load")
class EventLoadTests {

    private static final int ROWS = Integer.getInteger("events.rows", 20_000);

    private static final int IMAGES = Math.max(ROWS / 100, 2000);

    private static final int DELETIONS = IMAGES / 10;

    private static final Duration MAX_PROCESSOR = Duration.ofSeconds(5);

    private static final Duration MAX_ANSWER = Duration.ofMillis(200);

    private static final String SECRET = "sixteen or longer";

    /** Each hash is that of a number. */
    private static final String FILL = """
            with recursive numbers (n) as (select :first union all select n + 1 from numbers where n < :last)
            insert into image_cache (hash, image_uri, created_at, revision, verified_at, verified_by, manifest_digest, rested_on)
            select {hash}, :host || case when n <= :images then '/team/app:v' else '/other/app' || n % 1000 || ':v' end || n,
                :now, 1, :now, 'registry', 'sha256:' || {hash}, '' from numbers
            """;

    private final LoopbackRegistry registry = new LoopbackRegistry();

    private ServiceProcess start(String url) throws Exception {
        return ServiceProcess.start("spring.datasource.url=" + url, "dejavu.accept-local=true",
                "dejavu.registry.allowed=" + registry.host(), "dejavu.registry.plain-http=" + registry.host(),
                "dejavu.webhooks.w.format=distribution", "dejavu.webhooks.w.registry=" + registry.host(),
                "dejavu.webhooks.w.secret=" + SECRET);
    }

    @Test
    @Timeout(600)
    void eventsCostLittleInALargeRepositoryOnSqlite(@TempDir Path folder) throws Exception {
        run("jdbc:sqlite:" + folder.resolve("cache.db"), "printf('%064x', n)");
    }

    @Test
    @Timeout(600)
    void eventsCostLittleInALargeRepositoryOnPostgres() throws Exception {
        run(Postgres.url(Postgres.port(), Postgres.newDatabase()), "lpad(to_hex(n), 64, '0')");
    }

    private void run(String url, String hash) throws Exception {
        try (ServiceProcess migration = start(url)) {
            migration.http();
        }
        fill(url, hash);
        try (ServiceProcess service = start(url); registry) {
            Http http = service.http();
            // What a service in use has done before.
            for (int i = 0; i < 300; i++) {
                put(http);
                delete(http, "sha256:" + "f".repeat(64 - 3) + i % 10 + i / 10 % 10 + i / 100);
            }
            await().until(() -> isServed(http, 1) && isServed(http, IMAGES));
            Duration before = service.processorTime();
            Duration slowestEvent = Duration.ZERO;
            AtomicBoolean over = new AtomicBoolean();
            Duration slowestPut;
            try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
                Future<Duration> puts = executor.submit(() -> slowestPut(http, over));
                for (int n = 1; n <= DELETIONS; n++) {
                    slowestEvent = max(slowestEvent, delete(http, digest(n)));
                }
                over.set(true);
                slowestPut = puts.get();
            }
            // until all is settled
            Thread.sleep(Duration.ofSeconds(2));
            Duration processor = service.processorTime().minus(before);
            System.out.printf("%d deletions in %d of %d: %s of processor, slowest event %s, slowest PUT %s%n",
                    DELETIONS, IMAGES, ROWS, processor, slowestEvent, slowestPut);
            assertThat(processor).isLessThan(MAX_PROCESSOR);
            assertThat(isServed(http, IMAGES)).isTrue();
            assertThat(isServed(http, DELETIONS)).isTrue();
            registry.delete(registry.host() + "/team/app:v" + (DELETIONS - 1));
            assertThat(isServed(http, DELETIONS - 1)).isFalse();
            if (ROWS >= 1_000_000) {
                assertThat(slowestEvent).isLessThan(MAX_ANSWER);
                assertThat(slowestPut).isLessThan(MAX_ANSWER);
            }
        }
    }

    private void fill(String url, String hash) {
        JdbcClient client = JdbcClient.create(new DriverManagerDataSource(url));
        int batch = 100_000;
        for (int first = 1; first <= ROWS; first += batch) {
            client.sql(FILL.replace("{hash}", hash))
                .param("first", first)
                .param("last", Math.min(first + batch - 1, ROWS))
                .param("host", registry.host())
                .param("images", IMAGES)
                .param("now", System.currentTimeMillis())
                .update();
        }
        client.sql("analyze").update();
    }

    private static String digest(int n) {
        return "sha256:%064x".formatted(n);
    }

    private Duration delete(Http http, String digest) {
        String body = "{\"events\":[{\"action\":\"delete\",\"target\":{\"repository\":\"team/app\",\"digest\":\"%s\"}}]}"
            .formatted(digest);
        long begin = System.nanoTime();
        HttpResponse<String> response = http.send("POST", "/webhooks/w", BodyPublishers.ofString(body), "Content-Type",
                "application/json", "Authorization", SECRET);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(204);
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    private Duration slowestPut(Http http, AtomicBoolean over) throws InterruptedException {
        Duration slowest = Duration.ZERO;
        while (!over.get()) {
            slowest = max(slowest, put(http));
            Thread.sleep(Duration.ofMillis(20));
        }
        return slowest;
    }

    private Duration put(Http http) {
        CacheKey key = Keys.next();
        long begin = System.nanoTime();
        assertThat(http.put("/images/" + key, "{\"image_uri\":\"registry.example.com/busy/app:v1\"}").statusCode())
            .isEqualTo(201);
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    private static Duration max(Duration one, Duration other) {
        return (one.compareTo(other) > 0) ? one : other;
    }

    private static boolean isServed(Http http, int n) {
        return http.get("/images/%064x".formatted(n)).statusCode() == 200;
    }

}
