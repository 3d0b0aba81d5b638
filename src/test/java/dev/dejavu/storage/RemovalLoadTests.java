package dev.dejavu.storage;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
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

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.ServiceProcess;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A tenth of all images is removed, and all are counted twice at once, while others store
 * and read: with {@code -Dremoval.rows=1000000} 100,000 among a million.
 */
@Tag("load")
class RemovalLoadTests {

    private static final int ROWS = Integer.getInteger("removal.rows", 30_000);

    private static final String URI = "ghcr.io/acme/large:v1";

    private static final String FILL = """
            with recursive numbers (n) as (select :first union all select n + 1 from numbers where n < :last)
            insert into image_cache (hash, image_uri, created_at, revision)
            select {hash}, case when n % 10 = 0 then :uri else 'ghcr.io/acme/app' || n % 1000 || ':v' || n end, :now, 1
            from numbers
            """;

    private final Queue<String> failures = new ConcurrentLinkedQueue<>();

    @Test
    @Timeout(900)
    void removalDisturbsNobodyOnSqlite(@TempDir Path folder) throws Exception {
        run("jdbc:sqlite:" + folder.resolve("cache.db"), "printf('%08x%056x', n * 2654435761 & 4294967295, n)");
    }

    @Test
    @Timeout(900)
    void removalDisturbsNobodyOnPostgres() throws Exception {
        run(Postgres.url(Postgres.port(), Postgres.newDatabase()),
                "encode(sha256(cast(cast(n as text) as bytea)), 'hex')");
    }

    private void run(String url, String hash) throws Exception {
        try (ServiceProcess migration = ServiceProcess.start("spring.datasource.url=" + url)) {
            migration.http();
        }
        fill(url, hash);
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + url)) {
            Http http = service.http();
            for (int i = 0; i < 200; i++) {
                put(http);
                get(http);
            }
            System.out.printf("Among %d on %s%n", ROWS, url.substring(0, 15));
            besides(http, "two /stats", () -> {
                for (Future<HttpResponse<String>> stats : twice(() -> http.get("/stats"))) {
                    assertThat(stats.get().statusCode()).isEqualTo(200);
                }
            });
            besides(http, "removal", () -> remove(http, url));
            assertThat(failures).isEmpty();
        }
    }

    private static List<Future<HttpResponse<String>>> twice(Callable<HttpResponse<String>> call) throws Exception {
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            return executor.invokeAll(List.of(call, call));
        }
    }

    private static void remove(Http http, String url) throws InterruptedException {
        HttpResponse<String> response = http.delete("/images?image_uri=" + URI);
        System.out.println(response.statusCode() + " " + response.body());
        assertThat(response.statusCode()).isIn(200, 202);
        JdbcClient client = JdbcClient.create(new DriverManagerDataSource(url));
        String left = "select count(*) from image_cache where image_uri = '" + URI + "'";
        while (client.sql(left).query(Integer.class).single() > 0) {
            Thread.sleep(200);
        }
    }

    /** Stores and reads meanwhile, and prints how long that took at most. */
    private void besides(Http http, String what, Action action) throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Long> puts = executor.submit(() -> slowest(over, () -> put(http)));
            Future<Long> gets = executor.submit(() -> slowest(over, () -> get(http)));
            Thread.sleep(500);
            long begin = System.nanoTime();
            action.run();
            long millis = (System.nanoTime() - begin) / 1_000_000;
            over.set(true);
            System.out.printf("%s: %d ms, slowest PUT %d ms, slowest GET %d ms, %d failed%n", what, millis, puts.get(),
                    gets.get(), failures.size());
        }
    }

    private static long slowest(AtomicBoolean over, Runnable call) throws InterruptedException {
        long slowest = 0;
        while (!over.get()) {
            long begin = System.nanoTime();
            call.run();
            slowest = Math.max(slowest, System.nanoTime() - begin);
            Thread.sleep(5);
        }
        return slowest / 1_000_000;
    }

    private void put(Http http) {
        expect(http.put("/images/" + Keys.next(), "{\"image_uri\":\"ghcr.io/acme/busy:v1\"}"), 201);
    }

    /** A key that is nowhere, so that the database is asked. */
    private void get(Http http) {
        expect(http.get("/images/" + Keys.next()), 404);
    }

    private void expect(HttpResponse<String> response, int status) {
        if (response.statusCode() != status) {
            failures.add(response.statusCode() + " " + response.body());
        }
    }

    private static void fill(String url, String hash) {
        JdbcClient client = JdbcClient.create(new DriverManagerDataSource(url));
        boolean isPostgresql = url.contains("postgresql");
        if (isPostgresql) {
            client.sql("alter table image_cache disable trigger user").update();
        }
        int batch = 100_000;
        for (int first = 1; first <= ROWS; first += batch) {
            client.sql(FILL.replace("{hash}", hash))
                .param("first", first)
                .param("last", Math.min(first + batch - 1, ROWS))
                .param("uri", URI)
                .param("now", System.currentTimeMillis())
                .update();
        }
        if (isPostgresql) {
            client.sql("alter table image_cache enable trigger user").update();
        }
        client.sql("analyze").update();
    }

    /**
     * What is measured.
     */
    private interface Action {

        void run() throws Exception;

    }

}
