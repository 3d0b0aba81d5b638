package dev.dejavu.lease;

import java.time.Duration;
import java.time.Instant;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Sample;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * How long builds take is known best from builds under leases.
 */
class BuildTimesTests {

    abstract static class Contract extends LeaseFixture {

        private final boolean isPostgresql;

        Contract(boolean isPostgresql) {
            this.isPostgresql = isPostgresql;
        }

        @Test
        void buildsUnderLeases_countInsteadOfCosts() throws InterruptedException {
            Http http = start(newDatabase(isPostgresql));
            String repository = "ghcr.io/acme/times" + Sample.image().key().substring(0, 8);
            put(http, Sample.image(Sample.SCOPE, repository).withJson("cost", "{\"seconds\":3600}"));
            Http fork = withToken(http, "write", ",\"overlay\":\"fork\"");
            build(fork, Sample.image(Sample.SCOPE, repository), Duration.ZERO);
            build(http, Sample.image(Sample.SCOPE, repository), Duration.ofSeconds(2));
            Sample image = Sample.image(Sample.SCOPE, repository);
            taken(take(http, image));
            await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
                JsonNode other = json(take(http, image));
                assertThat(Duration.between(Instant.parse(other.path("since").asString()),
                        Instant.parse(other.path("expected_at").asString())))
                    .isBetween(Duration.ofSeconds(2), Duration.ofMinutes(1));
            });
            assertThat(take(http, image, 60).statusCode()).isEqualTo(201);
        }

        private static void build(Http http, Sample image, Duration duration) throws InterruptedException {
            String token = taken(take(http, image));
            Thread.sleep(duration);
            put(http, image, "Dejavu-Lease", token);
        }

    }

    @Nested
    class OnSqlite extends Contract {

        OnSqlite() {
            super(false);
        }

    }

    @Nested
    class OnPostgresql extends Contract {

        OnPostgresql() {
            super(true);
        }

    }

}
