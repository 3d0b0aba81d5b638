package dev.dejavu.history;

import java.lang.management.ManagementFactory;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.testing.Sample;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * History and explanations beside many rows of others: {@code -Dhistory.rows=1000000} for
 * as many as promised.
 */
class HistoryScaleTests {

    private static final int ROWS = Integer.getInteger("history.rows", 20_000);

    private static final int CALLS = 20;

    private static final String NUMBERS = "with recursive numbers (n) as (select 1 union all select n + 1 from numbers"
            + " where n < :count) ";

    private static final String EVENTS = """
            insert into history_event (cache, hash, overlay, at, kind, value, actor, scope, repository)
            {numbers} select 'images', case when n % 500 = 0 then :mine else 'h' || n % 100000 end, '', :now - n, 'put',
                'ghcr.io/acme/my-app:v1', 'ada', 's', 'ghcr.io/acme/my-app' from numbers
            """;

    private static final String REGISTRY_EVENTS = """
            insert into history_registry_event (repository, subject, at, kind, webhook)
            {numbers} select 'ghcr.io/acme/my-app', ':t' || n, :now - n, 'delete', :mine from numbers
            """;

    private static final String SERVED = """
            insert into history_served (cache, hash, overlay, day, value, identity, first_at, last_at, times)
            {numbers} select 'images', case when n % 1000 = 0 then :mine else 'h' || n % 10000 end, '', :now / 86400000 - n % 30, 'v',
                'i' || n, :now, :now, 1 from numbers
            """;

    private static final String IMAGES = """
            insert into image_cache (hash, overlay, image_uri, scope, repository, tag, platforms, created_at, revision)
            {numbers} select 'scale' || n, '', 'ghcr.io/acme/my-app:t' || n % 1000, 'e:p' || n % 5 || ':d',
                'ghcr.io/acme/my-app', 't' || n % 1000, 'p' || n, :now - n % 1000000, 1 from numbers where :mine <> ''
            """;

    abstract static class Contract extends HistoryHttpFixture {

        @Autowired
        private JdbcClient writer;

        @Autowired
        private HistoryPruningRepository pruning;

        @Test
        void historyAndExplanationAreQuickBesideManyRows() {
            Sample image = Sample.image("e:p1:d", "ghcr.io/acme/my-app");
            send(ADMIN, "PUT", image.path(), image.body());
            for (String sql : new String[] { EVENTS, REGISTRY_EVENTS, SERVED, IMAGES }) {
                fill(sql, image.key());
            }
            try {
                Map<String, Long> millis = new TreeMap<>();
                millis.put("history", millis(() -> send(ADMIN, "GET", image.path() + "/history", "")));
                for (String change : new String[] { "\"v>\"w", "e:p1:d>e:p9:d", "\"v.*\"platforms>\"t7\",\"platforms",
                        "linux/amd64>linux/arm64", "my-app>my-new", "acme/my-app>none/at-all" }) {
                    List<String> texts = List.of(change.split(">"));
                    String body = image.body().replaceFirst(texts.getFirst(), texts.getLast());
                    millis.put(change, millis(() -> send(ADMIN, "POST", "/images/explain", body)));
                }
                assertThat(millis.values()).as("median ms of %s", millis)
                    .allMatch((one) -> one < 50 * Math.max(1, load()));
                assertThat(json(send(ADMIN, "GET", image.path() + "/history", "")).path("events")).isNotEmpty();
            }
            finally {
                writer.sql("delete from image_cache where hash like 'scale%'").update();
                for (String table : new String[] { "history_event", "history_registry_event", "history_served" }) {
                    writer.sql("delete from " + table).update();
                }
            }
        }

        /** What a machine that others use may take longer. */
        private static double load() {
            return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        }

        private void fill(String sql, String mine) {
            int step = 20_000;
            for (int from = 0; from < ROWS; from += step) {
                writer
                    .sql(sql.replace("{numbers}", NUMBERS.replace("select 1 union", "select " + (from + 1) + " union")))
                    .param("count", from + step)
                    .param("mine", mine)
                    .param("now", clock.millis())
                    .update();
            }
            writer.sql("analyze").update();
        }

        private static long millis(Supplier<HttpResponse<String>> call) {
            long[] took = new long[CALLS];
            for (int i = 0; i < CALLS; i++) {
                long begin = System.nanoTime();
                assertThat(call.get().statusCode()).isEqualTo(200);
                took[i] = Duration.ofNanos(System.nanoTime() - begin).toMillis();
            }
            Arrays.sort(took);
            return took[CALLS / 2];
        }

        @Test
        void oldAndSurplusRowsArePruned() {
            for (String sql : new String[] { EVENTS, REGISTRY_EVENTS, SERVED }) {
                fill(sql, "mine");
            }
            for (String table : new String[] { "history_event", "history_registry_event" }) {
                assertThat(pruning.pruneEvents(table, Long.MIN_VALUE, 0, Long.MAX_VALUE / 2, 100)).isEmpty();
                assertThat(pruning.pruneEvents(table, Long.MIN_VALUE, 0, 1000, 100)).hasSize(100);
                assertThat(pruning.pruneEvents(table, Long.MIN_VALUE, clock.millis(), 1000, 100)).hasSize(100);
            }
            long before = writer.sql("select count(*) from history_served").query(Long.class).single();
            ServedPruning tooMany = new ServedPruning(pruning,
                    new HistoryProperties(Duration.ofDays(3650), Math.max(1000, before - 150)), clock);
            assertThat(tooMany.pruneExpired(Long.MIN_VALUE, 100)).hasSize(100);
            assertThat(tooMany.pruneExpired(0, 100)).hasSize(50);
            ServedPruning tooOld = new ServedPruning(pruning, new HistoryProperties(Duration.ofDays(10), 100_000_000),
                    clock);
            assertThat(tooOld.pruneExpired(Long.MIN_VALUE, 100)).hasSize(100);
            for (String table : new String[] { "history_event", "history_registry_event", "history_served" }) {
                writer.sql("delete from " + table).update();
            }
        }

    }

    @Nested
    @WithSqlite
    class OnSqlite extends Contract {

    }

    @Nested
    @WithPostgres
    class OnPostgresql extends Contract {

    }

}
