package dev.dejavu.access;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

class IdentityHttpTests {

    private static final String UNLIMITED = ",\"scopes\":[],\"repositories\":[],\"write_scopes\":[],\"write_repositories\":[]";

    abstract static class Contract extends AccessHttpFixture {

        @DynamicPropertySource
        static void overlay(DynamicPropertyRegistry settings) {
            settings.add("dejavu.access.oidc[0].rules[3].role", () -> "write");
            settings.add("dejavu.access.oidc[0].rules[3].claims", () -> "team=mine");
            settings.add("dejavu.access.oidc[0].rules[3].overlay", () -> "pr/{number}");
            settings.add("dejavu.access.oidc[0].rules[3].limits.scopes", () -> "*:mine:*");
            settings.add("dejavu.access.oidc[0].rules[3].limits.write-repositories", () -> "ghcr.io/mine/*");
        }

        @Test
        void identity_ofAToken() {
            for (String role : new String[] { "read", "write", "admin" }) {
                String token = token(role);
                HttpResponse<String> identity = as(token, "GET", "/identity");
                assertThat(identity.statusCode()).isEqualTo(200);
                assertThat(identity.body())
                    .isEqualTo("{\"name\":\"" + name(token) + "\",\"role\":\"" + role + "\"" + UNLIMITED + "}");
                assertThat(header(identity, "Cache-Control")).isEqualTo("no-store");
                assertThat(header(identity, "ETag")).isEmpty();
                HttpResponse<String> head = as(token, "HEAD", "/identity");
                assertThat(head.statusCode()).isEqualTo(200);
                assertThat(header(head, "Cache-Control")).isEqualTo("no-store");
            }
        }

        @Test
        void identity_isTheSameByBasicWithAnyUser() {
            String token = token("write");
            String basic = Base64.getEncoder().encodeToString(("eve:" + token).getBytes(StandardCharsets.UTF_8));
            assertThat(http.get("/identity", "Authorization", "Basic " + basic).body())
                .isEqualTo(as(token, "GET", "/identity").body());
        }

        @Test
        void identity_hasOverlayLimitsAndExpiry() {
            String token = token("write",
                    ",\"expires_in\":\"90d\",\"overlay\":\"pr-7\",\"limits\":{\"scopes\":[\"a:*\"],"
                            + "\"repositories\":[\"b/*\"],\"write_scopes\":[\"a:c\"],\"write_repositories\":[\"b/d\",\"b/e\"]}");
            assertThat(as(token, "GET", "/identity").body()).isEqualTo("{\"name\":\"" + name(token)
                    + "\",\"role\":\"write\",\"overlay\":\"pr-7\",\"scopes\":[\"a:*\"],"
                    + "\"repositories\":[\"b/*\"],\"write_scopes\":[\"a:c\"],\"write_repositories\":[\"b/d\",\"b/e\"],"
                    + "\"expires_at\":\"" + clock.instant().plus(Duration.ofDays(90)) + "\"}");
        }

        @Test
        void identity_ofAnOidcTokenFollowsItsRule() {
            Instant before = Instant.now();
            JsonNode identity = json(as(issuer.token(AUDIENCE, Map.of("sub", "ada", "team", "mine", "number", "7")),
                    "GET", "/identity"));
            assertThat(identity.path("name").asString()).isEqualTo(issuer.uri() + "#ada");
            assertThat(identity.path("role").asString()).isEqualTo("write");
            assertThat(identity.path("overlay").asString()).isEqualTo("pr/7");
            assertThat(identity.path("scopes").toString()).isEqualTo("[\"*:mine:*\"]");
            assertThat(identity.path("write_repositories").toString()).isEqualTo("[\"ghcr.io/mine/*\"]");
            assertThat(Instant.parse(identity.path("expires_at").asString()))
                .isBetween(before.plus(Duration.ofMinutes(59)), Instant.now().plus(Duration.ofHours(1)));
            assertThat(identity.properties()).hasSize(8);
        }

        @Test
        void identity_ofNobody_isRefused() {
            assertProblem(http.get("/identity"), 401, "unauthenticated");
            assertProblem(as("djv_wrong", "GET", "/identity"), 401, "unauthenticated");
            assertProblem(as(issuer.expired(AUDIENCE, Map.of("sub", "ada", "team", "mine")), "GET", "/identity"), 401,
                    "unauthenticated");
            // without the claim of its overlay, or a rule
            for (Map<String, Object> claims : List.<Map<String, Object>>of(Map.of("sub", "ada", "team", "mine"),
                    Map.of("sub", "ada"))) {
                assertProblem(as(issuer.token(AUDIENCE, claims), "GET", "/identity"), 403, "forbidden", "no rule");
            }
        }

        @Test
        void identity_answersGetAlone() {
            assertProblem(as(ADMIN, "DELETE", "/identity"), 405, "about:blank");
            assertProblem(as(ADMIN, "GET", "/identity/admin"), 404, "about:blank");
            String token = token("read");
            assertThat(as(token, "GET", "/identity?name=admin").body()).isEqualTo(as(token, "GET", "/identity").body());
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

    @Nested
    @WithSqlite
    @TestPropertySource(properties = "dejavu.access.anonymous-read=true")
    class AnonymousRead extends AccessHttpFixture {

        @Test
        void identity_ofAnyone_mayRead() {
            assertThat(http.get("/identity").body()).isEqualTo("{\"role\":\"read\"" + UNLIMITED + "}");
            assertProblem(as("djv_wrong", "GET", "/identity"), 401, "unauthenticated");
            assertThat(as(ADMIN, "GET", "/identity").body())
                .isEqualTo("{\"name\":\"admin\",\"role\":\"admin\"" + UNLIMITED + "}");
        }

    }

    @Nested
    class Open extends AccessFixture {

        @Test
        void identity_ofAnyone_isAnAdministratorWithoutAName() {
            assertThat(start().get("/identity", "Authorization", "Bearer djv_whatever").body())
                .isEqualTo("{\"role\":\"admin\"" + UNLIMITED + "}");
        }

    }

}
