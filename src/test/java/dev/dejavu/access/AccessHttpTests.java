package dev.dejavu.access;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;
import org.springframework.web.servlet.mvc.method.RequestMappingInfoHandlerMapping;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Issuer;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.SettableClock;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class AccessHttpTests {

    private static final String ADMIN = "an-administrator-of-the-tests";

    private static final String AUDIENCE = "dejavu";

    private static final String IMAGE = "{\"image_uri\":\"ghcr.io/acme/my-app:v1.0\"}";

    private static final Issuer issuer = new Issuer();

    /**
     * The role that a call requires; {@code null} for none. A call that is missing here
     * fails the test below.
     */
    private static @Nullable Role requiredRole(String call) {
        return switch (call) {
            case "GET /actuator/health", "GET /actuator/health/**", "GET /swagger-ui.html", "GET /v3/api-docs",
                    "GET /webjars/swagger-ui/swagger-ui.css", "POST /webhooks/{name}" ->
                null;
            case "GET /images/{hash}", "GET /images", "POST /images/lookup", "POST /images/resolve",
                    "GET /bundles/{digest}", "GET /bundles", "POST /bundles/lookup", "GET /stats",
                    "GET /actuator/prometheus", "GET /actuator/info", "GET /actuator/health/registries", "GET /error",
                    "GET /nothing" ->
                Role.READ;
            case "PUT /images/{hash}", "PUT /bundles/{digest}" -> Role.WRITE;
            case "DELETE /images/{hash}", "DELETE /images", "DELETE /bundles/{digest}", "DELETE /bundles",
                    "POST /tokens", "GET /tokens", "DELETE /tokens/{id}", "PATCH /images" ->
                Role.ADMIN;
            default -> throw new AssertionError(call + " is missing: which role does it require?");
        };
    }

    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    @TestPropertySource(
            properties = { "dejavu.access.mode=tokens", "dejavu.admin-token=" + ADMIN, "dejavu.webhooks.ecr.format=ecr",
                    "dejavu.webhooks.ecr.registry=registry.example.com", "dejavu.webhooks.ecr.secret=" + ADMIN })
    abstract static class Contract {

        @Autowired
        private Collection<RequestMappingInfoHandlerMapping> mappings = List.of();

        @Autowired
        private SettableClock clock = new SettableClock();

        private Http http = new Http(0);

        @DynamicPropertySource
        static void oidc(DynamicPropertyRegistry settings) {
            settings.add("dejavu.access.oidc[0].issuer", issuer::uri);
            settings.add("dejavu.access.oidc[0].audience", () -> AUDIENCE);
            settings.add("dejavu.access.oidc[0].rules[0].role", () -> "write");
            settings.add("dejavu.access.oidc[0].rules[0].claims",
                    () -> "repository=acme/my-app,ref=refs/heads/main,ref_protected=true,event_name=push");
            settings.add("dejavu.access.oidc[0].rules[1].role", () -> "read");
            settings.add("dejavu.access.oidc[0].rules[1].claims", () -> "repository=acme/*,event_name=pull_request");
            settings.add("dejavu.access.oidc[0].rules[2].role", () -> "admin");
            settings.add("dejavu.access.oidc[0].rules[2].claims", () -> "groups=platform");
        }

        @BeforeEach
        void connect(@LocalServerPort int port) {
            http = new Http(port);
        }

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
                    HttpResponse<String> response = call(call, caller.token());
                    String described = name + ": " + call;
                    Role required = requiredRole(call);
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
            return calls;
        }

        private HttpResponse<String> call(String call, @Nullable String token) {
            String method = call.substring(0, call.indexOf(' '));
            String path = call.substring(call.indexOf(' ') + 1)
                .replace("{hash}", Keys.next().hex())
                .replace("{digest}", Keys.next().hex())
                .replace("{id}", "nothing")
                .replace("{name}", "ecr")
                .replace("**", "liveness");
            String body = switch (call) {
                case "POST /images/lookup" -> "{\"hashes\":[\"" + Keys.next() + "\"]}";
                case "POST /images/resolve" ->
                    "{\"scope\":\"s\",\"repository\":\"ghcr.io/acme/app\",\"tag\":\"none\",\"platforms\":[\"linux/amd64\"]}";
                case "POST /webhooks/{name}" -> "{}";
                case "POST /bundles/lookup" -> "{\"digests\":[\"" + Keys.next() + "\"]}";
                case "POST /tokens" -> "{\"name\":\"n" + Keys.next().hex().substring(0, 20) + "\",\"role\":\"read\"}";
                case "PUT /images/{hash}" -> IMAGE;
                case "PUT /bundles/{digest}" -> "{\"hash_digest\":\"a\",\"remote_path\":\"s3://a/b\"}";
                default -> "";
            };
            List<String> headers = new ArrayList<>(List.of("Content-Type", "application/json"));
            if (call.startsWith("POST /webhooks")) {
                headers.addAll(List.of("X-Api-Key", ADMIN));
            }
            if (token != null) {
                headers.addAll(List.of("Authorization", "Bearer " + token));
            }
            return http.send(method, path, BodyPublishers.ofString(body), headers.toArray(String[]::new));
        }

        @Test
        void token_created_showsItsSecretOnceAndWorks() {
            HttpResponse<String> created = create("{\"name\":\"ada\",\"role\":\"write\",\"expires_in\":\"90d\"}");
            assertThat(created.statusCode()).isEqualTo(201);
            assertThat(header(created, "Cache-Control")).contains("no-store");
            JsonNode token = json(created);
            String secret = token.path("secret").asString();
            assertThat(secret).matches("djv_[0-9a-f]{40,}");
            assertThat(header(created, "Location")).isEqualTo("/tokens/" + token.path("id").asString());
            assertThat(Duration.between(clock.instant(), java.time.Instant.parse(token.path("expires_at").asString())))
                .isCloseTo(Duration.ofDays(90), Duration.ofMinutes(1));
            assertThat(put(secret, Keys.next().hex()).statusCode()).isEqualTo(201);
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
                "{\"name\":\"a\",\"role\":\"read\",\"expires_in\":\"4000d\"}", "[]", "" })
        void token_malformed_is400(String body) {
            assertProblem(create(body), 400, "malformed-body");
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
            String known = Keys.next().hex();
            put(ADMIN, known);
            String unknown = Keys.next().hex();
            for (String method : List.of("GET", "HEAD", "DELETE")) {
                HttpResponse<String> one = http.send(method, "/images/" + known, null);
                HttpResponse<String> other = http.send(method, "/images/" + unknown, null);
                assertThat(one.statusCode()).isEqualTo(401).isEqualTo(other.statusCode());
                assertThat(one.body().replace(known, "")).isEqualTo(other.body().replace(unknown, ""));
            }
        }

        @Test
        void oidc_tokenIsValidOnlyFromItsIssuerForThisAudienceUntilItExpires() {
            assertThat(status(issuer.token(AUDIENCE, main()))).isEqualTo(200);
            assertThat(status(issuer.token("another", main()))).isEqualTo(401);
            assertThat(status(issuer.expired(AUDIENCE, main()))).isEqualTo(401);
            assertThat(status(issuer.forged(AUDIENCE, main()))).isEqualTo(401);
            assertThat(status(issuer.fromIssuer("https://issuer.example.com", AUDIENCE, main()))).isEqualTo(401);
            String token = issuer.token(AUDIENCE, pullRequest());
            String unsigned = token.substring(0, token.lastIndexOf('.') + 1);
            assertThat(status(unsigned)).isEqualTo(401);
        }

        @Test
        void oidc_firstMatchingRuleDecidesTheRoleAndNoMatchIs403() {
            assertThat(put(issuer.token(AUDIENCE, main()), Keys.next().hex()).statusCode()).isEqualTo(201);
            Map<String, Object> unprotected = Map.of("sub", "repo:acme/my-app", "repository", "acme/my-app", "ref",
                    "refs/heads/main", "ref_protected", "false", "event_name", "push");
            assertProblem(as(issuer.token(AUDIENCE, unprotected), "GET", "/stats"), 403, "forbidden", "no rule");
            assertThat(status(issuer.token(AUDIENCE, pullRequest()))).isEqualTo(200);
            assertThat(put(issuer.token(AUDIENCE, pullRequest()), Keys.next().hex()).statusCode()).isEqualTo(403);
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
            String key = Keys.next().hex();
            String secret = token("write");
            String name = name(secret);
            assertThat(put(secret, key).body()).doesNotContain("written_by");
            assertThat(as(secret, "GET", "/images/" + key).body()).doesNotContain("written_by");
            String author = "\"written_by\":\"" + name + "\"";
            HttpResponse<String> shown = as(ADMIN, "GET", "/images/" + key);
            assertThat(shown.body()).contains(author);
            assertThat(header(shown, "ETag")).isNotEqualTo(header(as(secret, "GET", "/images/" + key), "ETag"));
            assertThat(as(ADMIN, "GET", "/images?limit=1").body()).contains(author);
            String lookup = "{\"hashes\":[\"" + key + "\"]}";
            assertThat(post(ADMIN, "/images/lookup", lookup).body()).contains(author);
            assertThat(post(secret, "/images/lookup", lookup).body()).doesNotContain("written_by");
            assertThat(put(issuer.token(AUDIENCE, main()), key).statusCode()).isEqualTo(200);
            assertThat(as(ADMIN, "GET", "/images/" + key).body())
                .contains("\"written_by\":\"repo:acme/my-app:ref:refs/heads/main\"");
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

        private int status(String token) {
            return as(token, "GET", "/stats").statusCode();
        }

        private String expired() {
            String secret = json(create("{\"name\":\"" + newName() + "\",\"role\":\"admin\",\"expires_in\":\"1ms\"}"))
                .path("secret")
                .asString();
            clock.advance(Duration.ofMillis(2));
            return secret;
        }

        private final Map<String, String> names = new java.util.concurrent.ConcurrentHashMap<>();

        private String token(String role) {
            String name = newName();
            String secret = json(create("{\"name\":\"" + name + "\",\"role\":\"" + role + "\"}")).path("secret")
                .asString();
            names.put(secret, name);
            return secret;
        }

        private String name(String secret) {
            return names.getOrDefault(secret, "");
        }

        private static String newName() {
            return "t" + Keys.next().hex().substring(0, 30);
        }

        private JsonNode find(String name) {
            for (JsonNode token : json(as(ADMIN, "GET", "/tokens")).path("tokens")) {
                if (token.path("name").asString().equals(name)) {
                    return token;
                }
            }
            throw new AssertionError(name);
        }

        private HttpResponse<String> create(String body) {
            return post(ADMIN, "/tokens", body);
        }

        private HttpResponse<String> post(String token, String path, String body) {
            return http.send("POST", path, BodyPublishers.ofString(body), "Content-Type", "application/json",
                    "Authorization", "Bearer " + token);
        }

        private HttpResponse<String> put(String token, String key) {
            return http.send("PUT", "/images/" + key, BodyPublishers.ofString(IMAGE), "Content-Type",
                    "application/json", "Authorization", "Bearer " + token);
        }

        private HttpResponse<String> as(String token, String method, String path) {
            return http.send(method, path, null, "Authorization", "Bearer " + token);
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
