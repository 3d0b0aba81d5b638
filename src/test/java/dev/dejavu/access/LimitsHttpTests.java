package dev.dejavu.access;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class LimitsHttpTests {

    abstract static class Contract extends AccessHttpFixture {

        private static final String MINE = "dns:///example.union.ai:mine:dev";

        private static final String OTHER = "dns:///example.union.ai:other:dev";

        @DynamicPropertySource
        static void limited(DynamicPropertyRegistry settings) {
            settings.add("dejavu.access.oidc[0].rules[3].role", () -> "write");
            settings.add("dejavu.access.oidc[0].rules[3].claims", () -> "team=mine");
            settings.add("dejavu.access.oidc[0].rules[3].limits.scopes", () -> "*:mine:*");
            settings.add("dejavu.access.oidc[0].rules[3].limits.write-repositories", () -> "ghcr.io/mine/*");
        }

        @Test
        void token_readsItsScopesAlone() {
            Sample mine = image(MINE, "ghcr.io/acme/app");
            Sample other = image(OTHER, "ghcr.io/acme/app");
            String token = token("read", limits("\"scopes\":[\"*:mine:*\"]"));
            for (int i = 0; i < 3; i++) {
                assertThat(as(token, "GET", mine.path()).statusCode()).isEqualTo(200);
                assertProblem(as(token, "GET", other.path()), 404, "miss");
                assertThat(as(token("read"), "GET", other.path()).statusCode()).isEqualTo(200);
            }
            assertThat(as(token, "HEAD", other.path()).statusCode()).isEqualTo(404);
            assertProblem(as(token, "GET", other.path() + "?verified=registry"), 404, "miss");
            JsonNode found = json(
                    post(token, "/images/lookup", "{\"hashes\":[\"" + mine.key() + "\",\"" + other.key() + "\"]}"));
            assertThat(found.at("/entries/0/hash").asString()).isEqualTo(mine.key());
            assertThat(found.at("/missing/0").asString()).isEqualTo(other.key());
            assertProblem(post(token, "/images/resolve", other.body()), 403, "forbidden");
            assertThat(listed(token, "/images?image_uri=" + other.value())).isEmpty();
            assertThat(listed(token, "/images?image_uri=" + mine.value())).hasSize(1);
            assertProblem(as(token, "GET", "/actuator/prometheus"), 403, "forbidden");
        }

        /** As {@code dejavu.scopes.allowed} has it. */
        @ParameterizedTest
        @ValueSource(strings = { "https://example.union.ai:mine:dev", "dns:///example.union.ai:mine:*",
                "https://Example.Union.ai.:443:mine:dev", "example.union.ai", "https://*.union.ai:mine:*" })
        void token_scopeInAnotherSpelling_isTheSame(String pattern) {
            String token = token("write",
                    limits("\"scopes\":[\"" + pattern + "\"],\"write_scopes\":[\"" + pattern + "\"]"));
            for (String endpoint : List.of("dns:///example.union.ai", "https://example.union.ai")) {
                Sample mine = Sample.image(endpoint + ":mine:dev", "ghcr.io/acme/app");
                assertThat(put(token, mine).statusCode()).isEqualTo(201);
                assertThat(as(token, "GET", mine.path()).statusCode()).isEqualTo(200);
            }
            for (String scope : List.of("dns:///other.example.com:mine:dev", "https://example.union.ai:8443:mine:dev",
                    "http://example.union.ai:mine:dev")) {
                assertProblem(put(token, Sample.image(scope, "ghcr.io/acme/app")), 403, "forbidden", "limited");
                assertProblem(as(token, "GET", image(scope, "ghcr.io/acme/app").path()), 404, "miss");
            }
        }

        @Test
        void token_writesWhatItReadsAndWrites() {
            String token = token("write", limits(
                    "\"repositories\":[\"ghcr.io/*\"],\"write_repositories\":[\"ghcr.io/mine/*\",\"quay.io/*\"]"));
            assertThat(put(token, Sample.image(MINE, "ghcr.io/mine/app")).statusCode()).isEqualTo(201);
            assertProblem(put(token, Sample.image(MINE, "ghcr.io/other/app")), 403, "forbidden", "limited");
            assertProblem(put(token, Sample.image(MINE, "quay.io/mine/app")), 403, "forbidden");
            assertProblem(put(token, Sample.image(MINE, "ghcr.io/mineral/app")), 403, "forbidden");
            assertThat(put(token, Sample.bundle()).statusCode()).isEqualTo(201);
            Sample plain = new Sample("/images/" + Keys.next(), "{\"image_uri\":\"ghcr.io/mine/app:v1\"}", "");
            assertProblem(put(token, plain), 403, "forbidden");
            assertThat(put(ADMIN, plain).statusCode()).isEqualTo(201);
            assertProblem(as(token, "GET", plain.path()), 404, "miss");
        }

        @Test
        void token_takesBackWhatItWrites() {
            Sample other = image(MINE, "ghcr.io/other/app");
            Sample hidden = image(OTHER, "ghcr.io/mine/app");
            Sample mine = image(MINE, "ghcr.io/mine/app");
            String token = token("write",
                    limits("\"scopes\":[\"" + MINE + "\"],\"write_repositories\":[\"ghcr.io/mine/*\"]"));
            assertProblem(invalidate(token, other, "{}"), 403, "forbidden", "limited");
            assertThat(invalidate(token, hidden, "{}").statusCode()).isEqualTo(204);
            assertThat(invalidate(token, mine, "{}").statusCode()).isEqualTo(204);
            assertThat(as(ADMIN, "GET", other.path()).statusCode()).isEqualTo(200);
            assertThat(as(ADMIN, "GET", hidden.path()).statusCode()).isEqualTo(200);
            assertProblem(as(ADMIN, "GET", mine.path()), 404, "miss");
        }

        @Test
        void rule_limitsItsTokens() {
            String token = issuer.token(AUDIENCE, Map.of("sub", "x", "team", "mine"));
            assertThat(put(token, Sample.image(MINE, "ghcr.io/mine/app")).statusCode()).isEqualTo(201);
            assertProblem(put(token, Sample.image(OTHER, "ghcr.io/mine/app")), 403, "forbidden");
            assertProblem(put(token, Sample.image(MINE, "ghcr.io/other/app")), 403, "forbidden");
            assertThat(as(token, "GET", image(MINE, "ghcr.io/other/app").path()).statusCode()).isEqualTo(200);
        }

        @Test
        void list_hasAllOfAScopeOverPagesAndNothingElse() {
            String scope = "dns:///example.union.ai:listed:" + Keys.next();
            for (int i = 0; i < 7; i++) {
                image(scope, "ghcr.io/acme/app");
                image(OTHER, "ghcr.io/acme/app");
            }
            String token = token("read", limits("\"scopes\":[\"" + scope + "\"]"));
            for (String query : List.of("/images?limit=3", "/images?limit=3&scope=" + scope)) {
                assertThat(listed(token, query)).hasSize(7)
                    .allMatch((entry) -> entry.path("scope").asString().equals(scope));
            }
            assertThat(listed(token("read"), "/images?limit=2&scope=" + scope)).hasSize(7);
            assertThat(listed(token, "/images?limit=3&scope=" + OTHER)).isEmpty();
            assertProblem(as(token, "GET", "/images?scope="), 400, "malformed-query", "scope");
            assertThat(json(as(token, "GET", "/stats")).path("images").toString())
                .matches("\\{\"entries\":7,\"counted_at\":\"[^\"]*\"}");
        }

        @Test
        void savings_areThoseOfWhatItReads() {
            String scope = "dns:///example.union.ai:saved:" + Keys.next();
            String cost = "{\"seconds\":3}";
            Sample mine = Sample.image(scope, "ghcr.io/acme/app").withJson("cost", cost);
            Sample other = Sample.image(OTHER, "ghcr.io/acme/app").withJson("cost", cost);
            for (Sample sample : List.of(mine, other)) {
                assertThat(put(ADMIN, sample).statusCode()).isEqualTo(201);
                assertThat(as(ADMIN, "GET", sample.path()).statusCode()).isEqualTo(200);
            }
            String token = token("read", limits("\"scopes\":[\"" + scope + "\"]"));
            String report = "{\"cache\":\"images\",\"scope\":\"%s\",\"asked\":1,\"hits\":1,\"seconds\":0.5}";
            assertThat(post(token, "/usage", report.formatted(scope)).statusCode()).isEqualTo(204);
            assertProblem(post(token, "/usage", report.formatted(OTHER)), 403, "forbidden");
            String query = "/savings?by=scope&to=" + clock.instant().plusSeconds(1);
            await().atMost(Duration.ofSeconds(60))
                .until(() -> json(as(token, "GET", query)).at("/total/hits").asInt() == 1
                        && json(as(token, "GET", query)).at("/total/reports").asInt() == 1);
            JsonNode savings = json(as(token, "GET", query));
            assertThat(savings.path("rows")).hasSize(1);
            assertThat(savings.at("/rows/0/key").asString()).isEqualTo(scope);
            assertThat(savings.at("/total/net_seconds").asDouble()).isEqualTo(2.5);
            assertThat(savings.at("/total/misses").asInt()).isZero();
            assertThat(json(as(ADMIN, "GET", query)).path("rows").findValuesAsString("key")).contains(scope, OTHER);
        }

        @ParameterizedTest
        @ValueSource(strings = { "\"role\":\"admin\",\"limits\":{\"scopes\":[\"a\"]}",
                "\"role\":\"read\",\"limits\":{\"scopes\":[\"\"]}", "\"role\":\"read\",\"limits\":{\"scopes\":[null]}",
                "\"role\":\"read\",\"limits\":{\"scopes\":\"a\"}", "\"role\":\"read\",\"limits\":[]",
                "\"role\":\"read\",\"limits\":{\"scope\":[\"a\"]}", "\"role\":\"read\",\"overlays\":\"a\"" })
        void token_malformedLimits_is400(String members) {
            assertProblem(create("{\"name\":\"" + newName() + "\"," + members + "}"), 400, "malformed-body");
        }

        @Test
        void token_limitsWithoutPatterns_areNone() {
            String members = ",\"role\":\"admin\",\"limits\":{\"scopes\":[]}";
            HttpResponse<String> created = create("{\"name\":\"" + newName() + "\"" + members + "}");
            assertThat(created.statusCode()).isEqualTo(201);
            assertThat(json(created).has("limits")).isFalse();
        }

        @Test
        void token_limitsAreListed() {
            String name = name(token("read", limits("\"scopes\":[\"a:*\"]")));
            JsonNode token = json(as(ADMIN, "GET", "/tokens")).path("tokens")
                .valueStream()
                .filter((one) -> one.path("name").asString().equals(name))
                .findFirst()
                .orElseThrow();
            assertThat(token.at("/limits/scopes/0").asString()).isEqualTo("a:*");
        }

        private Sample image(String scope, String repository) {
            Sample image = Sample.image(scope, repository);
            assertThat(put(ADMIN, image).statusCode()).isEqualTo(201);
            return image;
        }

        private List<JsonNode> listed(String token, String query) {
            JsonNode page = json(as(token, "GET", query));
            List<JsonNode> entries = new java.util.ArrayList<>(page.path("entries").valueStream().toList());
            while (page.has("next")) {
                page = json(as(token, "GET", query + "&after=" + page.path("next").asString()));
                page.path("entries").forEach(entries::add);
            }
            return entries;
        }

        private static String limits(String members) {
            return ",\"limits\":{" + members + "}";
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
