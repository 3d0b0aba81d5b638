package dev.dejavu.history;

import java.net.http.HttpResponse;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;

import dev.dejavu.DejavuApplication;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.Staleness;

import static dev.dejavu.history.HistoryHttpFixture.ADMIN;
import static dev.dejavu.history.HistoryHttpFixture.texts;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Two instances on one PostgreSQL have one history.
 */
class TwoInstancesHistoryTests {

    private final String database = Postgres.url(Postgres.port(), Postgres.newDatabase());

    private final ConfigurableApplicationContext one = start();

    private final ConfigurableApplicationContext other = start();

    private ConfigurableApplicationContext start() {
        return SpringApplication.run(DejavuApplication.class, "--server.port=0", "--dejavu.registry.allowed=",
                "--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN, "--spring.datasource.url=" + database);
    }

    @AfterEach
    void stop() {
        one.close();
        other.close();
    }

    static Stream<Sample> samples() {
        return Stream.of(Sample.image(), Sample.bundle());
    }

    @ParameterizedTest
    @MethodSource("samples")
    void whatHappenedThroughEitherIsInTheHistoryOfBoth(Sample entry) {
        Http first = Http.of(one).as(ADMIN);
        Http second = Http.of(other).as(ADMIN);
        String ada = token(first, "ada");
        String ben = token(first, "ben");
        ok(first.put(entry.path(), entry.body()));
        ok(first.as(ada).get(entry.path()));
        Staleness.isBelowOneSecond(() -> second.as(ada).get(entry.path()).statusCode() == 200);
        ok(second.as(ben).get(entry.path()));
        ok(second.put(entry.path(), entry.other("Z").body()));
        ok(first.delete(entry.path()));
        write();
        JsonNode history = history(first, entry);
        assertThat(texts(history.path("events"), "kind")).containsExactly("removed", "changed", "put");
        assertThat(texts(history.path("served"), "identity")).containsExactlyInAnyOrder("ada", "ben");
        assertThat(history(second, entry)).isEqualTo(history);

        ok(first.put(entry.path(), entry.body()));
        ok(first.as(ben).get(entry.path()));
        one.close();
        assertThat(texts(history(second, entry).path("events"), "kind")).as("what an instance writes at its end")
            .containsExactly("put", "removed", "changed", "put");
        assertThat(texts(history(second, entry).path("served_since_true"), "identity")).contains("ben");
    }

    private static String token(Http http, String name) {
        return ok(http.post("/tokens", "{\"name\":\"" + name + "\",\"role\":\"read\"}")).path("secret").asString();
    }

    private static JsonNode history(Http http, Sample entry) {
        return ok(http.get(entry.path() + "/history"));
    }

    private static JsonNode ok(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isBetween(200, 299);
        return json(response);
    }

    /** What would be written within 15 s. */
    private void write() {
        one.getBean(HistoryWriter.class).flush();
        other.getBean(HistoryWriter.class).flush();
    }

}
