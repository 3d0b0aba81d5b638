package dev.dejavu.console;

import java.lang.management.ManagementFactory;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

import dev.dejavu.cache.Sha256;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.ServiceProcess;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Each page of the console beside many rows: {@code -Dconsole.rows=1000000} for as many
 * as promised.
 */
@Tag("load")
class ConsoleLoadTests {

    private static final int ROWS = Integer.getInteger("console.rows", 20_000);

    private static final int CALLS = 7;

    private static final Duration PROMISED = Duration.ofMillis(300);

    private static final String NUMBERS = """
            with recursive numbers (n) as (select :first union all select n + 1 from numbers where n < :last)
            """;

    private static final List<String> FILL = List.of(
            NUMBERS + """
                    insert into image_cache (hash, overlay, image_uri, scope, repository, tag, platforms, created_at, revision)
                    select {hash}, case when n % 1000 = 0 then 'pr' else '' end,
                        'ghcr.io/acme/app' || (n % 100) || ':v' || (n % 5000), 'https://flyte.example.com:p' || (n % 40) || ':dev',
                        'ghcr.io/acme/app' || (n % 100), 'v' || (n % 5000), 'linux/amd64', :now - n, 1 from numbers
                    """,
            NUMBERS + """
                    insert into bundle_cache (digest, overlay, hash_digest, remote_path, scope, files_digest, created_at, revision)
                    select {hash}, '', 'a', 's3://acme/' || n, 'https://flyte.example.com:p' || (n % 40) || ':dev', 'f' || (n % 5000),
                        :now - n, 1 from numbers
                    """,
            NUMBERS + """
                    insert into history_event (cache, hash, overlay, at, kind, value, actor, scope, repository)
                    select 'images', {hash}, '', :now - n, 'put', 'ghcr.io/acme/app:v1', 'ada',
                        'https://flyte.example.com:p1:dev', 'ghcr.io/acme/app' from numbers
                    """,
            NUMBERS + """
                    insert into history_served (cache, hash, overlay, day, value, identity, first_at, last_at, times)
                    select 'images', {hash}, '', :now / 86400000 - turn % 30, '{value}', 'job ' || turn, :now - 60000, :now, 3
                    from (select n % {keys} as n, n / {keys} as turn from numbers) served
                    """);

    /** A day. */
    private static final int LEDGER_ROWS = 1000;

    /** Of 200 repositories in five scopes each, and of misses. */
    private static final String FILL_SAVINGS = NUMBERS
            + """
                    insert into savings (period_start, period_hours, cache, scope, repository, hits, misses, confirmed, unpriced_hits,
                        saved_seconds, estimated_seconds, saved_bytes, estimated_bytes, spent_seconds, reports, reported_asked,
                        reported_hits, reported_confirmed)
                    select (:now / ({hours} * 3600000) - n / {ledger}) * {hours} * 3600000, {hours}, 'images',
                        case when n % {ledger} = 0 then ''
                            else 'https://flyte.example.com:p' || ((n % 200 + n / 200 % 5 * 10) % 50) || ':dev' end,
                        case when n % {ledger} = 0 then '' else 'ghcr.io/acme/app' || (n % 200) end,
                        40, case when n % {ledger} = 0 then 3000 else 0 end, 10, 2, 120.5, 8, 3e8, 2e7, 4.5, 12, 60, 40, 10
                    from numbers
                    """;

    private static final String FILL_LEASES = NUMBERS
            + """
                    insert into image_lease (hash, overlay, place, token, holder, author, scope, repository, image_uri, since, expires_at)
                    select {hash}, '', 0, 't' || n, 'job ' || n, 'ada', 'https://flyte.example.com:p' || n || ':dev',
                        'ghcr.io/acme/app' || n, 'ghcr.io/acme/app' || n || ':new', :now - 60000, :now + 86400000 from numbers
                    """;

    private static final String FILL_TOKENS = NUMBERS + """
            insert into access_token (id, name, role, secret_hash, created_at, last_used_at)
            select 'id' || n, 'job ' || n, 'write', {hash}, :now - n, :now from numbers
            """;

    /** Of the first row. */
    private static final String KEY = "00000001%056x".formatted(1);

    private static final List<String> PAGES = List.of("", "?days=90", "/images", "/images?show=fresh",
            "/images?show=stale", "/images?show=invalidated", "/images?show=overlay",
            "/images?show=invalidated&by=repository&q=ghcr.io/acme/app7", "/images?q=ghcr.io/acme/app7:v7",
            "/images?q=ghcr.io/acme/app7", "/images?q=v7", "/images?q=https://flyte.example.com:p7:dev",
            "/images?q=00000001", "/images?q=nothing-like-this", "/images/" + KEY, "/bundles", "/bundles?show=overlay",
            "/bundles?q=s3://acme/7", "/bundles?q=https://flyte.example.com:p7:dev", "/bundles?q=00000001",
            "/bundles?q=nothing-like-this", "/bundles/" + KEY,
            "/explain?uri=ghcr.io/acme/app7:none&scope=https://flyte.example.com:p7:dev",
            "/explain?uri=docker.io/acme/app7:v7&scope=https://flyte.example.com:p9:dev",
            "/explain?digest=0123456789abcdef0123456789abcdef&scope=https://flyte.example.com:p7:dev", "/webhooks",
            "/tokens");

    @Test
    @Timeout(1800)
    void pagesAreQuickOnSqlite(@TempDir Path folder) throws Exception {
        run("jdbc:sqlite:" + folder.resolve("cache.db"), "printf('%08x%056x', n, n)");
    }

    @Test
    @Timeout(1800)
    void pagesAreQuickOnPostgres() throws Exception {
        run(Postgres.url(Postgres.port(), Postgres.newDatabase()),
                "lpad(to_hex(n), 8, '0') || lpad(to_hex(n), 56, '0')");
    }

    private static void run(String url, String hash) throws Exception {
        try (ServiceProcess migration = ServiceProcess.start("spring.datasource.url=" + url)) {
            migration.http();
        }
        fill(url, hash);
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + url)) {
            Http http = service.http();
            // the templates
            get(http, "");
            Map<String, Long> millis = new LinkedHashMap<>();
            for (String page : PAGES) {
                millis.put(page, millis(http, page));
            }
            System.out.printf("Fewest ms among %d on %s: %s%n", ROWS, url.substring(0, 15), millis);
            assertThat(millis).allSatisfy((page, took) -> assertThat(took)
                .isLessThan((long) (PROMISED.toMillis() * Math.max(1, load() / 2))));
        }
    }

    /** What a machine that others use may take longer. */
    private static double load() {
        return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    }

    private static void fill(String url, String hash) {
        JdbcClient client = JdbcClient.create(new DriverManagerDataSource(url));
        for (String sql : FILL) {
            fill(client,
                    sql.replace("{hash}", hash)
                        .replace("{keys}", String.valueOf(ROWS / 100))
                        .replace("{value}", Sha256.hex("ghcr.io/acme/app1:v1").substring(0, 16)),
                    ROWS);
        }
        String ledger = FILL_SAVINGS.replace("{ledger}", String.valueOf(LEDGER_ROWS));
        fill(client, ledger.replace("{hours}", "24"), 365 * LEDGER_ROWS);
        fill(client, ledger.replace("{hours}", "1"), 24 * LEDGER_ROWS);
        fill(client, FILL_LEASES.replace("{hash}", hash), 20);
        fill(client, FILL_TOKENS.replace("{hash}", hash), 200);
        client.sql("analyze").update();
    }

    private static void fill(JdbcClient client, String sql, int rows) {
        int step = 50_000;
        for (int first = 1; first <= rows; first += step) {
            client.sql(sql)
                .param("first", first)
                .param("last", Math.min(rows, first + step - 1))
                .param("now", System.currentTimeMillis())
                .update();
        }
    }

    private static long millis(Http http, String page) {
        long[] took = new long[CALLS];
        for (int i = 0; i < CALLS; i++) {
            long begin = System.nanoTime();
            get(http, page);
            took[i] = Duration.ofNanos(System.nanoTime() - begin).toMillis();
        }
        // what the server needs; the others waited for the machine too
        return Arrays.stream(took).min().orElseThrow();
    }

    private static void get(Http http, String page) {
        HttpResponse<String> response = http.get("/console" + page.replace(" ", "%20"), "Accept", "text/html");
        assertThat(response.statusCode()).as(page + response.body()).isEqualTo(200);
    }

}
