package dev.dejavu.storage;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.SettableRandom;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * 16 writers and 64 readers share one SQLite file with prunes, for a minute with
 * {@code -Dload.seconds=60}.
 */
@WithSqlite
@Tag("load")
class SqliteLoadTests {

    private static final Duration LOAD = Duration.ofSeconds(Long.getLong("load.seconds", 5));

    private final Queue<CacheKey> written = new ConcurrentLinkedQueue<>();

    private final List<CacheKey> known = new ArrayList<>();

    private final Queue<String> failures = new ConcurrentLinkedQueue<>();

    private final AtomicLong reads = new AtomicLong();

    @Autowired
    private SettableRandom random;

    @Test
    @Timeout(300)
    void noRequestFailsAndEveryAcknowledgedWriteIsFound(@LocalServerPort int port) throws Exception {
        Http http = new Http(port);
        for (int i = 0; i < 100; i++) {
            write(http);
        }
        known.addAll(written);
        random.set(0);
        long end = System.nanoTime() + LOAD.toNanos();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> clients = new ArrayList<>();
            for (int i = 0; i < 80; i++) {
                Runnable call = (i < 16) ? () -> write(http) : () -> read(http);
                clients.add(executor.submit(() -> {
                    while (System.nanoTime() < end) {
                        call.run();
                    }
                }));
            }
            for (Future<?> client : clients) {
                client.get();
            }
        }
        finally {
            random.set(SettableRandom.NEVER);
        }
        assertThat(failures).isEmpty();
        List<String> keys = written.stream().map(CacheKey::hex).toList();
        for (int from = 0; from < keys.size(); from += 1000) {
            List<String> some = keys.subList(from, Math.min(from + 1000, keys.size()));
            String body = "{\"hashes\":[\"" + String.join("\",\"", some) + "\"]}";
            assertThat(json(http.post("/images/lookup", body)).path("missing")).isEmpty();
        }
        assertThat(keys.size()).isGreaterThan(200);
        assertThat(reads.get()).isGreaterThan(1000);
        System.out.printf("%d writes and %d reads in %s, none failed%n", keys.size(), reads.get(), LOAD);
    }

    private void write(Http http) {
        CacheKey key = Keys.next();
        HttpResponse<String> response = http.put("/images/" + key, "{\"image_uri\":\"ghcr.io/acme/load:v1\"}");
        if (response.statusCode() == 201) {
            written.add(key);
        }
        else {
            failures.add(response.statusCode() + " " + response.body());
        }
    }

    private void read(Http http) {
        CacheKey key = known.get(ThreadLocalRandom.current().nextInt(known.size()));
        HttpResponse<String> response = http.get("/images/" + key);
        reads.incrementAndGet();
        if (response.statusCode() != 200) {
            failures.add(response.statusCode() + " " + response.body());
        }
    }

}
