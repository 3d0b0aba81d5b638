package dev.dejavu.verification;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.SettableClock;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

class VerificationOffTests {

    @TestPropertySource(properties = "dejavu.verification.enabled=false")
    abstract static class Contract {

        private static final Duration FRESHNESS_LIFETIME = Duration.ofHours(1);

        @Autowired
        private SettableClock clock;

        private Http http;

        @BeforeEach
        void connect(@LocalServerPort int port) {
            http = new Http(port);
        }

        @Test
        void entryBecomesStaleByTimeAloneWhereverItIsRead() {
            Sample image = Sample.image();
            assertThat(http.put(image.path(), image.body()).statusCode()).isEqualTo(201);
            clock.advance(FRESHNESS_LIFETIME.minusMillis(1));
            // now it is in the near cache, with its representation
            String fresh = header(http.get(image.path()), "ETag");
            assertThat(header(http.get(image.path()), "ETag")).isEqualTo(fresh);
            assertStale(image, false);
            clock.advance(Duration.ofMillis(1));
            String stale = header(http.get(image.path(), "If-None-Match", fresh), "ETag");
            assertThat(stale).isNotEqualTo(fresh);
            assertStale(image, true);
            assertThat(http.get(image.path(), "If-None-Match", stale).statusCode()).isEqualTo(304);
            assertThat(putIf(image, fresh)).isEqualTo(412);
            assertThat(putIf(image, stale)).isEqualTo(200);
            assertStale(image, false);
        }

        private void assertStale(Sample image, boolean stale) {
            for (int i = 0; i < 2; i++) {
                HttpResponse<String> plain = http.get(image.path());
                assertThat(json(plain).has("stale")).isEqualTo(stale);
                HttpResponse<String> byController = http.get(image.path(), "Accept", "application/*");
                assertThat(byController.body()).isEqualTo(plain.body());
                assertThat(header(byController, "ETag")).isEqualTo(header(plain, "ETag"));
                JsonNode entry = json(plain);
                assertThat(json(http.post("/images/lookup", "{\"hashes\":[\"" + image.key() + "\"]}")).path("entries"))
                    .containsExactly(entry);
                assertThat(json(http.get("/images?image_uri=" + image.value())).path("entries")).containsExactly(entry);
            }
        }

        private int putIf(Sample image, String tag) {
            return http
                .send("PUT", image.path(), BodyPublishers.ofString(image.body()), "Content-Type", "application/json",
                        "If-Match", tag)
                .statusCode();
        }

    }

    @Nested
    @WithSqlite
    class OnSqlite extends Contract {

    }

    @Nested
    @WithPostgres
    class OnPostgres extends Contract {

    }

}
