package dev.dejavu.verification;

import java.util.List;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What the history and an explanation say of checks of a registry.
 */
class CheckHistoryTests {

    abstract static class Contract extends VerificationFixture {

        @Test
        void confirmedAndRefuted_areInTheHistoryAndExplained() {
            String digest = registry.push(name, "v1", "linux/amd64");
            String resolved = path("v1");
            assertThat(http.post("/images/resolve", resolveRequest("v1")).statusCode()).isEqualTo(200);
            String path = storedAndStale(":v1");
            assertThat(kinds(path)).contains("confirmed", "put");
            String confirmed = json(http.get(path + "/history")).path("true_at").asString();
            registry.delete(name, digest);
            http.get(path);
            await().until(() -> kinds(path).contains("refuted"));
            JsonNode history = json(http.get(path + "/history"));
            assertThat(history.at("/events/0/kind").asString()).isEqualTo("refuted");
            assertThat(history.at("/events/0/reason").asString()).isNotBlank();
            assertThat(history.path("true_at").asString()).isEqualTo(confirmed);
            assertThat(history.at("/served_since_true/0/identity").asString()).isEqualTo("anyone");
            http.get(resolved);
            await().until(() -> kinds(resolved).contains("refuted"));
            JsonNode explanation = json(http.post("/images/explain", resolveRequest("v1")));
            assertThat(explanation.path("cause").asString()).isEqualTo("refuted");
            assertThat(explanation.path("outcome").asString()).isEqualTo("absent");
        }

        private List<String> kinds(String path) {
            return json(http.get(path + "/history")).path("events")
                .valueStream()
                .map((event) -> event.path("kind").asString())
                .toList();
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
