package dev.dejavu.storage;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.cache.Search;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Statements that must cost no more beside many entries of others.
 */
class PlanTests {

    private static final int OTHERS = 20_000;

    private static final int MINE = 50;

    /** A statement that works on both databases: entries of one scope or of many. */
    private static final String FILL = """
            with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < :count)
            insert into {table} ({key}, {columns}, overlay, scope, created_at, revision)
            select '{prefix}' || n, {values}, '', {scope}, 1000000 + n % 1000, 1 from numbers
            """;

    private static final Map<String, List<String>> COLUMNS = Map.of("image_cache",
            List.of("image_uri, repository, tag, platforms, verified_by, verified_at",
                    "'ghcr.io/a/{prefix}:{prefix}', 'ghcr.io/A/{prefix}', '{prefix}', 'linux/amd64', 'registry', n"),
            "bundle_cache", List.of("hash_digest, remote_path, files_digest", "'a', 's3://b/c', 'd'"));

    abstract static class Contract {

        @Autowired
        private List<JdbcCacheRepository<?>> tables;

        @Autowired
        JdbcClient reader;

        @Autowired
        private CacheDatabase database;

        /** The plan of a statement, with what it did. */
        abstract List<String> explain(String sql, Map<String, ?> parameters);

        abstract void assertReadsByIndexAlone(List<String> plan, String index);

        @ParameterizedTest
        @CsvSource({ "images, scope", "images, repository", "images, tag", "bundles, scope" })
        void pageReadsNothingOfOthers(String cache, String of) {
            JdbcCacheRepository<?> table = tables.stream()
                .filter((one) -> one.name().equals(cache))
                .findFirst()
                .orElseThrow();
            fill(table.names(), "others", OTHERS, "'others' || n % 7");
            fill(table.names(), "mine", MINE, "'mine'");
            try {
                for (String overlay : new String[] { null, "", "pr" }) {
                    Map<String, ?> parameters = parameters(overlay);
                    assertReadsByIndexAlone(explain(table.listSql(search(of), overlay), parameters),
                            table.names().table() + "_" + of);
                }
            }
            finally {
                database.writer()
                    .sql(table.names().fill("delete from {table} where {key} like 'others%' or {key} like 'mine%'"))
                    .update();
            }
        }

        private static Search search(String of) {
            return switch (of) {
                case "scope" -> Search.of(null, "mine");
                case "repository" -> new Search(null, null, "ghcr.io/a/mine", null, null, false);
                default -> new Search(null, null, null, "mine", null, false);
            };
        }

        private static Map<String, ?> parameters(String overlay) {
            return Map.ofEntries(Map.entry("scope", "mine"), Map.entry("repository", "ghcr.io/a/mine"),
                    Map.entry("tag", "mine"), Map.entry("cutoff", 0L), Map.entry("overlayCutoff", 0L),
                    Map.entry("createdAt", Long.MAX_VALUE), Map.entry("key", ""), Map.entry("keyOverlay", ""),
                    Map.entry("overlay", (overlay != null) ? overlay : ""), Map.entry("limit", 51));
        }

        void fill(TableNames names, String prefix, int count, String scope) {
            List<String> columns = COLUMNS.getOrDefault(names.table(), List.of());
            database.writer()
                .sql(names.fill(FILL.replace("{columns}", columns.getFirst())
                    .replace("{values}", columns.getLast())
                    .replace("{scope}", scope)
                    .replace("{prefix}", prefix)))
                .param("count", count)
                .update();
            database.writer().sql("analyze " + names.table()).update();
        }

    }

    @Nested
    @WithSqlite
    class OnSqlite extends Contract {

        @Override
        List<String> explain(String sql, Map<String, ?> parameters) {
            return reader.sql("explain query plan " + sql)
                .params(parameters)
                .query((row, number) -> row.getString("detail"))
                .list();
        }

        @Override
        void assertReadsByIndexAlone(List<String> plan, String index) {
            assertThat(plan.getFirst()).startsWith("SEARCH")
                .contains(index + " (")
                .doesNotContain(index + " (created_at");
            assertThat(plan).noneMatch((step) -> step.contains("SCAN") || step.contains("TEMP B-TREE"));
        }

    }

    @Nested
    @WithPostgres
    class OnPostgres extends Contract {

        @Override
        List<String> explain(String sql, Map<String, ?> parameters) {
            return reader.sql("explain (analyze, costs off, timing off) " + sql)
                .params(parameters)
                .query((row, number) -> row.getString(1))
                .list();
        }

        @Override
        void assertReadsByIndexAlone(List<String> plan, String index) {
            String text = plan.stream().collect(Collectors.joining("\n"));
            assertThat(text).contains(index, "rows=" + MINE).doesNotContain("Seq Scan", "Rows Removed");
        }

    }

}
