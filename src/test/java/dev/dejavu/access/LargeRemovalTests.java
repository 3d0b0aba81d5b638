package dev.dejavu.access;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.ServiceProcess;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Removals on a PostgreSQL that needs a tenth of a second for each row.
 */
class LargeRemovalTests {

    private static final String URI = "ghcr.io/acme/large:v1";

    private static final String SLOW = """
            create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.1); return old; end';
            create trigger slow before delete on image_cache for each row execute function slow()
            """;

    private final String url = Postgres.url(Postgres.port(), Postgres.newDatabase());

    private final JdbcClient client = JdbcClient.create(new DriverManagerDataSource(url));

    @BeforeEach
    void migrate() throws Exception {
        try (ServiceProcess service = start()) {
            service.http();
        }
        client.sql(SLOW).update();
    }

    @Test
    void longRemovalIs202AndTheAuditLogSaysItsEnd() throws Exception {
        try (ServiceProcess service = start()) {
            Http http = service.http();
            fill(70);
            int removed = removeSome(http);
            assertThat(service.output()).contains("\"action\":\"removing\"", "\"rows\":" + removed);
            String late = "/images/" + Keys.next();
            assertThat(http.put(late, "{\"image_uri\":\"" + URI + "\"}").statusCode()).isEqualTo(201);
            await().atMost(Duration.ofMinutes(2)).until(() -> service.output().contains("\"action\":\"removed\""));
            assertThat(service.output()).contains("\"rows\":70");
            // It was stored after the removal began.
            assertThat(http.get(late).statusCode()).isEqualTo(200);
            assertThat(count()).isOne();
        }
    }

    @Test
    void removalThatBreaksOffIsMendedByARepeat() throws Exception {
        int broken;
        try (ServiceProcess service = start()) {
            Http http = service.http();
            fill(120);
            removeSome(http);
            service.terminate();
            service.exitCode();
            broken = rows(service.output(), "removal broken off");
            assertThat(count()).isBetween(1, 119).isEqualTo(120 - broken);
        }
        client.sql("drop trigger slow on image_cache").update();
        try (ServiceProcess service = start()) {
            HttpResponse<String> response = remove(service.http());
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(json(response).path("removed").asInt()).isEqualTo(120 - broken);
            assertThat(count()).isZero();
        }
    }

    private int removeSome(Http http) {
        HttpResponse<String> response = remove(http);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(202);
        return json(response).path("removed").asInt();
    }

    private static HttpResponse<String> remove(Http http) {
        return http.delete("/images?image_uri=" + URI);
    }

    private static int rows(String output, String action) {
        return Pattern.compile("\"action\":\"" + action + "\".*\"rows\":(\\d+)")
            .matcher(output)
            .results()
            .map((MatchResult found) -> Integer.valueOf(found.group(1)))
            .findFirst()
            .orElseThrow(() -> new AssertionError(output));
    }

    private void fill(int rows) {
        client
            .sql("insert into image_cache (hash, image_uri, created_at, revision)"
                    + " select lpad(to_hex(n), 64, '0'), :uri, :now, 1 from generate_series(1, :rows) n")
            .param("uri", URI)
            .param("now", System.currentTimeMillis())
            .param("rows", rows)
            .update();
    }

    private int count() {
        return client.sql("select count(*) from image_cache").query(Integer.class).single();
    }

    private ServiceProcess start() throws Exception {
        return ServiceProcess.start("spring.datasource.url=" + url);
    }

}
