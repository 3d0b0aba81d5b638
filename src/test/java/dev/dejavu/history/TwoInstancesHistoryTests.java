package dev.dejavu.history;

import java.net.http.HttpRequest.BodyPublishers;
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
        String ada = token("ada");
        String ben = token("ben");
        send(one, ADMIN, "PUT", entry.path(), entry.body());
        send(one, ada, "GET", entry.path(), "");
        send(other, ada, "GET", entry.path(), "");
        send(other, ben, "GET", entry.path(), "");
        Sample changed = entry.other("Z");
        send(other, ADMIN, "PUT", changed.path(), changed.body());
        send(one, ADMIN, "DELETE", entry.path(), "");
        write();
        JsonNode history = history(one, entry);
        assertThat(texts(history.path("events"), "kind")).containsExactly("removed", "changed", "put");
        assertThat(texts(history.path("served"), "identity")).containsExactlyInAnyOrder("ada", "ben");
        assertThat(history(other, entry)).isEqualTo(history);

        send(one, ADMIN, "PUT", entry.path(), entry.body());
        send(one, ben, "GET", entry.path(), "");
        one.close();
        assertThat(texts(history(other, entry).path("events"), "kind")).as("what an instance writes at its end")
            .containsExactly("put", "removed", "changed", "put");
        assertThat(texts(history(other, entry).path("served_since_true"), "identity")).contains("ben");
    }

    private String token(String name) {
        return json(send(one, ADMIN, "POST", "/tokens", "{\"name\":\"" + name + "\",\"role\":\"read\"}")).path("secret")
            .asString();
    }

    private static JsonNode history(ConfigurableApplicationContext instance, Sample entry) {
        return json(send(instance, ADMIN, "GET", entry.path() + "/history", ""));
    }

    private static HttpResponse<String> send(ConfigurableApplicationContext instance, String token, String method,
            String path, String body) {
        HttpResponse<String> response = Http.of(instance)
            .send(method, path, BodyPublishers.ofString(body), "Content-Type", "application/json", "Authorization",
                    "Bearer " + token);
        assertThat(response.statusCode()).as(method + " " + path + ": " + response.body()).isBetween(200, 299);
        return response;
    }

    /** What would be written within 15 s. */
    private void write() {
        one.getBean(HistoryWriter.class).flush();
        other.getBean(HistoryWriter.class).flush();
    }

}
