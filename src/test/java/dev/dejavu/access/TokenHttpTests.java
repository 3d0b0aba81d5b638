package dev.dejavu.access;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Set;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class TokenHttpTests {

    abstract static class Contract extends AccessHttpFixture {

        @Test
        void token_created_showsItsSecretOnceAndWorks() {
            HttpResponse<String> created = create("{\"name\":\"ada\",\"role\":\"write\",\"expires_in\":\"90d\"}");
            assertThat(created.statusCode()).isEqualTo(201);
            assertThat(header(created, "Cache-Control")).contains("no-store");
            JsonNode token = json(created);
            String secret = token.path("secret").asString();
            assertThat(secret).matches("djv_[0-9a-f]{40,}");
            assertThat(header(created, "Location")).isEqualTo("/tokens/" + token.path("id").asString());
            assertThat(Duration.between(clock.instant(), Instant.parse(token.path("expires_at").asString())))
                .isCloseTo(Duration.ofDays(90), Duration.ofMinutes(1));
            assertThat(put(secret, Sample.image()).statusCode()).isEqualTo(201);
            String listed = as(ADMIN, "GET", "/tokens").body();
            assertThat(listed).contains("\"ada\"", "\"write\"").doesNotContain(secret, "secret", "hash");
            await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(find("ada").path("last_used_at").isString()).isTrue());
        }

        @ParameterizedTest
        @ValueSource(strings = { "{}", "{\"name\":\"a\"}", "{\"role\":\"read\"}", "{\"name\":\"\",\"role\":\"read\"}",
                "{\"name\":\"a b\",\"role\":\"read\"}", "{\"name\":\"a\\n\",\"role\":\"read\"}",
                "{\"name\":\"a\",\"role\":\"root\"}", "{\"name\":\"anyone\",\"role\":\"read\"}",
                "{\"name\":\"a\",\"role\":\"\"}", "{\"name\":\"a\",\"role\":\"read\",\"expires_in\":\"soon\"}",
                "{\"name\":\"a\",\"role\":\"read\",\"expires_in\":\"-1d\"}",
                "{\"name\":\"a\",\"role\":\"read\",\"expires_in\":\"0\"}",
                "{\"name\":\"a\",\"role\":\"read\",\"expires_in\":\"99999999999999999999d\"}",
                "{\"name\":\"a\",\"role\":\"read\",\"expires_in\":\"4000d\"}",
                "{\"name\":\"a\",\"role\":\"read\",\"overlay\":\"\"}",
                "{\"name\":\"a\",\"role\":\"read\",\"overlay\":\"a b\"}",
                "{\"name\":\"a\",\"role\":\"read\",\"overlay\":\"../a\"}", "[]", "" })
        void token_malformed_is400(String body) {
            assertProblem(create(body), 400, "malformed-body");
        }

        @Test
        void token_malformed_isToldHow() {
            assertProblem(create("{\"name\":\"anyone\",\"role\":\"read\"}"), 400, "malformed-body",
                    "name must not be anyone");
            assertProblem(create("{\"name\":\"\",\"role\":\"read\"}"), 400, "malformed-body",
                    "name must not be empty.");
            assertProblem(create("{\"role\":\"read\"}"), 400, "malformed-body", "name is required.");
        }

        @ParameterizedTest
        @ValueSource(strings = { "90d", "90", "P90D", "2160h" })
        void token_expiresIn_isOfDaysWithoutAUnit(String duration) {
            JsonNode token = json(
                    create("{\"name\":\"" + newName() + "\",\"role\":\"read\",\"expires_in\":\"" + duration + "\"}"));
            assertThat(Duration.between(Instant.parse(token.path("created_at").asString()),
                    Instant.parse(token.path("expires_at").asString())))
                .isEqualTo(Duration.ofDays(90));
        }

        @Test
        void token_nameTaken_is409() {
            create("{\"name\":\"twin\",\"role\":\"read\"}");
            assertProblem(create("{\"name\":\"twin\",\"role\":\"admin\"}"), 409, "name-taken", "twin");
        }

        @Test
        void token_revoked_isRejectedAtOnce() {
            JsonNode token = json(create("{\"name\":\"leaver\",\"role\":\"read\"}"));
            String secret = token.path("secret").asString();
            assertThat(as(secret, "GET", "/stats").statusCode()).isEqualTo(200);
            assertThat(as(ADMIN, "DELETE", "/tokens/" + token.path("id").asString()).statusCode()).isEqualTo(204);
            assertThat(as(secret, "GET", "/stats").statusCode()).isEqualTo(401);
            assertThat(as(ADMIN, "DELETE", "/tokens/" + token.path("id").asString()).statusCode()).isEqualTo(204);
        }

        @Test
        void token_expired_isRejectedToTheMillisecond() {
            String secret = json(create("{\"name\":\"guest\",\"role\":\"read\",\"expires_in\":\"1h\"}")).path("secret")
                .asString();
            clock.advance(Duration.ofHours(1).minusSeconds(30));
            assertThat(as(secret, "GET", "/stats").statusCode()).isEqualTo(200);
            clock.advance(Duration.ofSeconds(30));
            assertThat(as(secret, "GET", "/stats").statusCode()).isEqualTo(401);
        }

        @Test
        void basic_acceptsTheTokenAsThePassword() {
            String credentials = Base64.getEncoder()
                .encodeToString(("anyone:" + ADMIN).getBytes(StandardCharsets.UTF_8));
            assertThat(http.get("/tokens", "Authorization", "Basic " + credentials).statusCode()).isEqualTo(200);
            assertThat(http.get("/tokens", "authorization", "basic " + credentials).statusCode()).isEqualTo(200);
        }

        @ParameterizedTest
        @ValueSource(strings = { "Basic", "Basic ", "Basic %%%", "Basic Og==", "Bearer", "Bearer ", "Digest a=b", "x",
                "Bearer two words", "Bearer bnVsbA.e30.AAAA", "Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0." })
        void authorization_malformed_is401(String header) {
            assertProblem(http.get("/stats", "Authorization", header), 401, "unauthenticated");
        }

        @Test
        void unauthenticated_doesNotLearnWhetherAKeyExists() {
            Sample image = Sample.image();
            String known = image.key();
            put(ADMIN, image);
            String unknown = Keys.next().hex();
            for (String method : List.of("GET", "HEAD", "DELETE")) {
                HttpResponse<String> one = http.send(method, "/images/" + known, null);
                HttpResponse<String> other = http.send(method, "/images/" + unknown, null);
                assertThat(one.statusCode()).isEqualTo(401).isEqualTo(other.statusCode());
                assertThat(one.body().replace(known, "")).isEqualTo(other.body().replace(unknown, ""));
            }
        }

        @Test
        void secrets_areNotInMetricsOrTheApiDescription() {
            String secret = token("read");
            assertThat(as(ADMIN, "GET", "/actuator/prometheus").body()).doesNotContain(secret, ADMIN, "djv_");
            assertThat(http.get("/v3/api-docs").body()).doesNotContain(secret, ADMIN);
            assertThat(as(ADMIN, "GET", "/actuator/info").body()).doesNotContain(ADMIN);
        }

        @Test
        void pages_haveSecurityHeadersAndAllowNoOtherOrigin() {
            HttpResponse<String> page = http.get("/swagger-ui.html", "Origin", "https://evil.example.com");
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(header(page, "Content-Security-Policy")).contains("default-src 'self'",
                    "frame-ancestors 'none'");
            assertThat(header(page, "X-Content-Type-Options")).isEqualTo("nosniff");
            assertThat(header(page, "X-Frame-Options")).isEqualTo("DENY");
            assertThat(header(page, "Referrer-Policy")).isEqualTo("no-referrer");
            assertThat(header(page, "Access-Control-Allow-Origin")).isEmpty();
            assertThat(page.headers().allValues("Set-Cookie")).isEmpty();
            assertThat(http.get("/actuator/health").body()).doesNotContain("components", "sqlite", "postgres");
        }

        private JsonNode find(String name) {
            for (JsonNode token : json(as(ADMIN, "GET", "/tokens")).path("tokens")) {
                if (token.path("name").asString().equals(name)) {
                    return token;
                }
            }
            throw new AssertionError(name);
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
