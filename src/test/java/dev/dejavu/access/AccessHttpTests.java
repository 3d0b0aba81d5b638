package dev.dejavu.access;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.web.servlet.mvc.method.RequestMappingInfoHandlerMapping;

import dev.dejavu.testing.Sample;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class AccessHttpTests {

    abstract static class Contract extends AccessHttpFixture {

        @Autowired
        private Collection<RequestMappingInfoHandlerMapping> mappings = List.of();

        @Test
        void everyCallRequiresItsRole() {
            Map<String, Caller> callers = Map.of("anonymous", new Caller(null, null), //
                    "wrong", new Caller("djv_0123456789012345678901234567890123456789", null), //
                    "garbage", new Caller("a.b.c", null), //
                    "expired", new Caller(expired(), null), //
                    "read", new Caller(token("read"), Role.READ), //
                    "write", new Caller(token("write"), Role.WRITE), //
                    "admin", new Caller(ADMIN, Role.ADMIN), //
                    "main", new Caller(issuer.token(AUDIENCE, main()), Role.WRITE), //
                    "pull request", new Caller(issuer.token(AUDIENCE, pullRequest()), Role.READ));
            Set<String> tested = new HashSet<>();
            for (String call : calls()) {
                callers.forEach((name, caller) -> {
                    HttpResponse<String> response = HttpCalls.send(http, call, caller.token());
                    String described = name + ": " + call;
                    Role required = HttpCalls.requiredRole(call);
                    if (required == null || (caller.role() != null && caller.role().compareTo(required) >= 0)) {
                        assertThat(response.statusCode()).as(described).isNotIn(401, 403, 500);
                    }
                    else if (caller.role() == null) {
                        assertThat(response.statusCode()).as(described).isEqualTo(401);
                        assertProblem(response, 401, "unauthenticated");
                        assertThat(response.headers().allValues("WWW-Authenticate")).as(described)
                            .anyMatch((challenge) -> challenge.startsWith("Bearer "));
                    }
                    else {
                        assertThat(response.statusCode()).as(described).isEqualTo(403);
                        assertProblem(response, 403, "forbidden",
                                "requires the role " + required + "; yours is " + caller.role());
                    }
                    tested.add(call);
                });
            }
            assertThat(tested).hasSizeGreaterThan(20);
        }

        @Test
        void options_needsTheRoleOfReadingAndNamesTheMethods() {
            String reader = token("read");
            String image = Sample.image().path();
            Map.of(image, "DELETE,GET,HEAD,OPTIONS,PUT", "/images", "DELETE,GET,HEAD,OPTIONS", "/stats",
                    "GET,HEAD,OPTIONS", image + "/history", "GET,HEAD,OPTIONS", "/savings", "GET,HEAD,OPTIONS")
                .forEach((path, methods) -> {
                    HttpResponse<String> options = as(reader, "OPTIONS", path);
                    assertThat(options.statusCode()).as(path).isIn(200, 204);
                    assertThat(String.join(",", new TreeSet<>(List.of(header(options, "Allow").split(", ?"))))).as(path)
                        .isEqualTo(methods);
                    assertProblem(http.send("OPTIONS", path, null), 401, "unauthenticated");
                });
            for (String path : List.of("/tokens", "/leases", "/overlays/a")) {
                assertProblem(as(reader, "OPTIONS", path), 403, "forbidden");
                assertThat(as(ADMIN, "OPTIONS", path).statusCode()).as(path).isIn(200, 204);
            }
            assertThat(http.send("OPTIONS", "/actuator/health", null).statusCode()).isIn(200, 204);
        }

        /** All mapped calls, and some that other handlers serve. */
        private List<String> calls() {
            List<String> calls = new ArrayList<>(
                    List.of("GET /swagger-ui.html", "GET /webjars/swagger-ui/swagger-ui.css", "GET /nothing",
                            "PATCH /images", "GET /actuator/health/registries"));
            for (RequestMappingInfoHandlerMapping mapping : mappings) {
                mapping.getHandlerMethods().keySet().forEach((info) -> info.getPatternValues().forEach((pattern) -> {
                    var methods = info.getMethodsCondition().getMethods();
                    if (methods.isEmpty()) {
                        calls.add("GET " + pattern);
                    }
                    methods.forEach((method) -> calls.add(method + " " + pattern));
                }));
            }
            assertThat(calls).contains("GET /images/{hash}", "GET /actuator/health", "DELETE /tokens/{id}");
            // The console has a test of its own: nobody signs in to it with a header.
            calls.removeIf((call) -> call.contains(" /console"));
            return calls;
        }

        @Test
        void oidc_tokenIsValidOnlyFromItsIssuerForThisAudienceUntilItExpires() {
            assertThat(status(issuer.token(AUDIENCE, main()))).isEqualTo(200);
            assertThat(status(issuer.token("another", main()))).isEqualTo(401);
            assertThat(status(issuer.expired(AUDIENCE, main()))).isEqualTo(401);
            assertThat(status(issuer.forged(AUDIENCE, main()))).isEqualTo(401);
            assertThat(status(issuer.fromIssuer("https://issuer.example.com", AUDIENCE, main()))).isEqualTo(401);
            assertThat(status(issuer.token(AUDIENCE, main(), Duration.ofHours(23)))).isEqualTo(200);
            assertThat(status(issuer.token(AUDIENCE, main(), Duration.ofHours(25)))).isEqualTo(401);
            Map<String, Object> old = new HashMap<>(main());
            old.put("iat", Date.from(Instant.now().minus(Duration.ofDays(2))));
            assertThat(status(issuer.token(AUDIENCE, old))).isEqualTo(401);
            String token = issuer.token(AUDIENCE, pullRequest());
            String unsigned = token.substring(0, token.lastIndexOf('.') + 1);
            assertThat(status(unsigned)).isEqualTo(401);
        }

        @Test
        void oidc_firstMatchingRuleDecidesTheRoleAndNoMatchIs403() {
            assertThat(put(issuer.token(AUDIENCE, main()), Sample.image()).statusCode()).isEqualTo(201);
            Map<String, Object> unprotected = Map.of("sub", "repo:acme/my-app", "repository", "acme/my-app", "ref",
                    "refs/heads/main", "ref_protected", "false", "event_name", "push");
            assertProblem(as(issuer.token(AUDIENCE, unprotected), "GET", "/stats"), 403, "forbidden", "no rule");
            assertThat(status(issuer.token(AUDIENCE, pullRequest()))).isEqualTo(200);
            assertThat(put(issuer.token(AUDIENCE, pullRequest()), Sample.image()).statusCode()).isEqualTo(403);
            Map<String, Object> person = Map.of("sub", "ada", "groups", List.of("staff", "platform"));
            assertThat(as(issuer.token(AUDIENCE, person), "GET", "/tokens").statusCode()).isEqualTo(200);
            Map<String, Object> other = Map.of("sub", "eve", "groups", List.of("staff", "platforms"));
            assertThat(as(issuer.token(AUDIENCE, other), "GET", "/stats").statusCode()).isEqualTo(403);
        }

        @Test
        void oidc_keysAreCachedAndRotate() {
            status(issuer.token(AUDIENCE, main()));
            int before = issuer.requests();
            issuer.setUnavailable(true);
            try {
                for (int i = 0; i < 20; i++) {
                    assertThat(status(issuer.token(AUDIENCE, main()))).isEqualTo(200);
                }
                assertThat(issuer.requests()).isEqualTo(before);
            }
            finally {
                issuer.setUnavailable(false);
            }
            issuer.rotate();
            // An unknown key makes the service fetch the keys again, though not every
            // time.
            await().atMost(Duration.ofSeconds(30)).until(() -> status(issuer.token(AUDIENCE, main())) == 200);
        }

        @Test
        void author_isShownToAdministratorsOnly() {
            clock.advance(Duration.ofMillis(1));
            Sample image = Sample.image();
            String key = image.key();
            String secret = token("write");
            String name = name(secret);
            assertThat(put(secret, image).body()).doesNotContain("written_by");
            assertThat(as(secret, "GET", "/images/" + key).body()).doesNotContain("written_by");
            String author = "\"written_by\":\"" + name + "\"";
            HttpResponse<String> shown = as(ADMIN, "GET", "/images/" + key);
            assertThat(shown.body()).contains(author);
            assertThat(header(shown, "ETag")).isNotEqualTo(header(as(secret, "GET", "/images/" + key), "ETag"));
            assertThat(as(ADMIN, "GET", "/images?limit=1").body()).contains(author);
            String lookup = "{\"hashes\":[\"" + key + "\"]}";
            assertThat(post(ADMIN, "/images/lookup", lookup).body()).contains(author);
            assertThat(post(secret, "/images/lookup", lookup).body()).doesNotContain("written_by");
            assertThat(put(issuer.token(AUDIENCE, main()), image.other("a")).statusCode()).isEqualTo(200);
            assertThat(as(ADMIN, "GET", "/images/" + key).body())
                .contains("\"written_by\":\"" + issuer.uri() + "#repo:acme/my-app:ref:refs/heads/main\"");
        }

        private String expired() {
            String secret = json(create("{\"name\":\"" + newName() + "\",\"role\":\"admin\",\"expires_in\":\"1ms\"}"))
                .path("secret")
                .asString();
            clock.advance(Duration.ofMillis(2));
            return secret;
        }

        private int status(String token) {
            return as(token, "GET", "/stats").statusCode();
        }

        private static Map<String, Object> main() {
            return Map.of("sub", "repo:acme/my-app:ref:refs/heads/main", "repository", "acme/my-app", "ref",
                    "refs/heads/main", "ref_protected", "true", "event_name", "push");
        }

        private static Map<String, Object> pullRequest() {
            return Map.of("sub", "repo:acme/my-app:pull_request", "repository", "acme/my-app", "ref",
                    "refs/pull/7/merge", "ref_protected", "false", "event_name", "pull_request");
        }

    }

    private record Caller(@Nullable String token, @Nullable Role role) {
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
