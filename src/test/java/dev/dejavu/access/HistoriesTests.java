package dev.dejavu.access;

import java.nio.file.Path;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import dev.dejavu.testing.Postgres;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Random histories in which everybody calls the service: nothing that somebody does in an
 * overlay, or may not do, reaches another. {@code -Dhistories=10000} runs as many of
 * them, a quarter of them on PostgreSQL. {@code -Dhistories.seed=42 -Dhistories=1}
 * repeats a history.
 */
@Tag("load")
@Timeout(value = 3, unit = TimeUnit.HOURS)
class HistoriesTests {

    private static final int COUNT = Integer.getInteger("histories", 40);

    private static final long SEED = Long.getLong("histories.seed", new SplittableRandom().nextInt());

    @Test
    void oneInstanceOnSqlite(@TempDir Path home) {
        run(COUNT - COUNT / 4, 1, "--dejavu.home=" + home);
    }

    @Test
    void twoInstancesOnPostgresql() {
        // Generous timeouts, as a busy machine may stall.
        run((COUNT + 3) / 4, 2,
                "--spring.datasource.url=" + Postgres.url(Postgres.port(), Postgres.newDatabase())
                        + "&socketTimeout=60",
                "--spring.datasource.hikari.connection-init-sql=set statement_timeout = 60000",
                "--spring.datasource.hikari.connection-timeout=60000");
    }

    private static void run(int count, int instances, String... database) {
        System.out.printf("%d histories at %d instances, from -Dhistories.seed=%d%n", count, instances, SEED);
        Map<String, Integer> seen = new TreeMap<>();
        try (HistoryServices services = new HistoryServices(instances, database)) {
            for (long seed = SEED; seed < SEED + count; seed++) {
                run(services, seed, seen);
            }
        }
        System.out.println(seen);
        // No kind of answer was missing by accident.
        if (count >= 30) {
            assertThat(seen.keySet()).contains("200 of an overlay in an overlay", "200 of the base",
                    "200 of the base in an overlay", "304", "304 in an overlay", "404", "404 in an overlay",
                    "witnesses", "ended");
            assertThat(seen.get("ended")).isGreaterThan(count * 9 / 10);
        }
        if (count >= 300) {
            assertThat(seen).containsKey("resolved");
        }
    }

    private static void run(HistoryServices services, long seed, Map<String, Integer> seen) {
        HistoryCalls calls = new HistoryCalls(services);
        try {
            new History(services, calls, (what) -> seen.merge(what, 1, Integer::sum), seed).run();
            seen.merge("ended", 1, Integer::sum);
        }
        catch (HistoryCalls.Unavailable ex) {
            // The machine is busy, and nobody knows whether that write has happened.
        }
        catch (AssertionError | RuntimeException ex) {
            throw new AssertionError("History of -Dhistories.seed=" + seed + ":\n" + String.join("\n", calls.steps()),
                    ex);
        }
        services.clear();
    }

}
