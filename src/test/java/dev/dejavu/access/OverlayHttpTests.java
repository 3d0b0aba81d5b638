package dev.dejavu.access;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.Cache;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

class OverlayHttpTests {

    abstract static class Contract extends AccessHttpFixture {

        private static final String OVERLAY = "acme/my-app/refs/pull/7/merge";

        @Autowired
        private List<Cache<?>> caches = List.of();

        @DynamicPropertySource
        static void forks(DynamicPropertyRegistry settings) {
            settings.add("dejavu.access.oidc[0].rules[3].role", () -> "write");
            settings.add("dejavu.access.oidc[0].rules[3].claims", () -> "fork=true");
            settings.add("dejavu.access.oidc[0].rules[3].overlay", () -> "{repository}/{ref}");
        }

        static Stream<Sample> samples() {
            return Stream.of(Sample.image(), Sample.bundle());
        }

        @ParameterizedTest
        @MethodSource("samples")
        void overlay_entryIsSeenByItsOverlayAlone(Sample entry) {
            String mine = token("write", overlay("mine"));
            assertThat(put(mine, entry).statusCode()).isEqualTo(201);
            assertSees(mine, entry, "mine");
            assertSees(token("read", overlay("mine")), entry, "mine");
            for (String other : List.of(token("read"), token("write"), ADMIN, token("write", overlay("theirs")))) {
                assertProblem(as(other, "GET", entry.path()), 404, "miss");
                assertThat(as(other, "HEAD", entry.path()).statusCode()).isEqualTo(404);
                assertThat(lookup(other, entry).path("entries")).isEmpty();
                assertThat(lookup(other, entry).path("missing")).hasSize(1);
                if (!other.equals(ADMIN)) {
                    assertThat(listed(other, entry)).isEmpty();
                }
            }
            String tag = header(as(mine, "GET", entry.path()), "ETag");
            HttpResponse<String> conditional = http.get(entry.path(), "Authorization", "Bearer " + token("read"),
                    "If-None-Match", tag);
            assertThat(conditional.statusCode()).isEqualTo(404);
            assertThat(listed(ADMIN, entry)).singleElement()
                .satisfies((one) -> assertThat(one.path("overlay").asString()).isEqualTo("mine"));
        }

        @ParameterizedTest
        @MethodSource("samples")
        void overlay_isReadBeforeTheBaseAndChangesNothingThere(Sample entry) {
            String base = token("write");
            String mine = token("admin", overlay("before-base"));
            assertThat(put(base, entry).statusCode()).isEqualTo(201);
            JsonNode stored = json(as(base, "GET", entry.path()));
            assertThat(json(as(mine, "GET", entry.path()))).isEqualTo(stored);
            assertThat(lookup(mine, entry).path("entries").path(0)).isEqualTo(stored);
            clock.advance(Duration.ofMillis(1));
            assertThat(put(mine, entry).statusCode()).isEqualTo(201);
            assertThat(put(mine, entry).statusCode()).isEqualTo(200);
            assertSees(mine, entry, "before-base");
            assertThat(listed(mine, entry)).hasSize(1);
            assertThat(json(as(base, "GET", entry.path()))).isEqualTo(stored);
            assertThat(as(mine, "DELETE", entry.path()).statusCode()).isEqualTo(204);
            assertThat(as(mine, "DELETE", entry.path()).statusCode()).isEqualTo(204);
            assertThat(json(as(mine, "GET", entry.path()))).isEqualTo(stored);
            put(mine, entry);
            String collection = entry.path().substring(0, entry.path().lastIndexOf('/'));
            assertThat(as(mine, "DELETE", collection).body()).isEqualTo("{\"removed\":1}");
            assertThat(as(mine, "DELETE", collection).body()).isEqualTo("{\"removed\":0}");
            assertThat(json(as(base, "GET", entry.path()))).isEqualTo(stored);
        }

        @ParameterizedTest
        @MethodSource("samples")
        void overlay_takesBackNothingInTheBase(Sample entry) {
            String mine = token("write", overlay("takes-back"));
            put(ADMIN, entry);
            put(mine, entry);
            assertThat(invalidate(mine, entry, "{}").statusCode()).isEqualTo(204);
            assertProblem(invalidate(mine, entry, "{}"), 409, "changed-by-another", "The base has it");
            assertThat(json(as(mine, "GET", entry.path())).has("overlay")).isFalse();
            put(mine, entry);
            assertThat(invalidate(token("write"), entry, "{\"reason\":\"wrong\"}").statusCode()).isEqualTo(204);
            assertProblem(as(ADMIN, "GET", entry.path()), 404, "miss");
            assertSees(mine, entry, "takes-back");
            assertThat(invalidate(token("write", overlay("other")), entry, "{}").statusCode()).isEqualTo(204);
            assertProblem(invalidate(mine, entry, "{\"reason\":7}"), 400, "malformed-body", "reason");
            assertProblem(invalidate(mine, entry, "{\"reason\":\"" + "x".repeat(257) + "\"}"), 422, "too-long");
            assertProblem(invalidate(mine, entry, ""), 400, "malformed-body");
            assertSees(mine, entry, "takes-back");
        }

        @Test
        void overlay_ofAnOidcTokenIsMadeOfItsClaims() {
            Map<String, Object> claims = Map.of("sub", "pr", "repository", "acme/my-app", "ref", "refs/pull/7/merge",
                    "fork", "true");
            Sample entry = Sample.image();
            assertThat(put(issuer.token(AUDIENCE, claims), entry).statusCode()).isEqualTo(201);
            assertSees(issuer.token(AUDIENCE, claims), entry, OVERLAY);
            assertSees(token("read", overlay(OVERLAY)), entry, OVERLAY);
            assertProblem(as(token("read"), "GET", entry.path()), 404, "miss");
            Map<String, Object> without = Map.of("sub", "pr", "repository", "acme/my-app", "fork", "true");
            assertProblem(put(issuer.token(AUDIENCE, without), entry), 403, "forbidden");
            assertProblem(as(issuer.token(AUDIENCE, without), "GET", entry.path()), 403, "forbidden");
        }

        @Test
        void overlay_isRemovedByAdministratorsOfTheBaseOrItsOwn() {
            String mine = token("admin", overlay("to-be/removed"));
            Sample image = Sample.image();
            Sample bundle = Sample.bundle();
            put(mine, image);
            put(mine, bundle);
            Sample other = Sample.image();
            put(token("write", overlay("to-be/removed-not")), other);
            for (String path : List.of("/overlays/to-be/removed-not", "/overlays/to-be", "/overlays/to-be/removed/",
                    "/overlays/to-be/removed/not", "/overlays/", "/overlays/other")) {
                assertProblem(as(mine, "DELETE", path), 403, "forbidden");
            }
            for (String stranger : List.of(token("write"), token("write", overlay("to-be/removed")),
                    token("admin", overlay("to-be")))) {
                assertProblem(as(stranger, "DELETE", "/overlays/to-be/removed"), 403, "forbidden");
            }
            assertThat(as(mine, "DELETE", "/overlays/to-be/removed").body()).isEqualTo("{\"removed\":2}");
            put(mine, image);
            assertThat(as(ADMIN, "DELETE", "/overlays/to-be/removed").body()).isEqualTo("{\"removed\":1}");
            assertThat(as(ADMIN, "DELETE", "/overlays/to-be/removed").body()).isEqualTo("{\"removed\":0}");
            assertProblem(as(mine, "GET", image.path()), 404, "miss");
            assertSees(token("read", overlay("to-be/removed-not")), other, "to-be/removed-not");
            assertProblem(as(ADMIN, "DELETE", "/overlays/"), 400, "malformed-key");
        }

        @Test
        void overlay_goesWithWhatAnAdministratorRemovesEverywhere() {
            String mine = token("write", overlay("everywhere"));
            Sample image = Sample.image();
            put(mine, image);
            put(ADMIN, image);
            assertThat(as(ADMIN, "DELETE", "/images?image_uri=" + image.value()).body()).isEqualTo("{\"removed\":2}");
            assertProblem(as(mine, "GET", image.path()), 404, "miss");
        }

        @Test
        void overlay_administratorAdministersNothingElse() {
            String mine = token("admin", overlay("small"));
            for (String call : List.of("GET /tokens", "POST /tokens", "DELETE /tokens/nothing",
                    "DELETE /overlays/{*name}", "GET /actuator/prometheus", "GET /actuator/health/registries")) {
                assertThat(HttpCalls.send(http, call, mine).statusCode()).as(call).isEqualTo(403);
            }
            Sample image = Sample.image();
            put(token("write"), image);
            assertThat(as(mine, "GET", image.path()).body()).contains("image_uri").doesNotContain("written_by");
        }

        @Test
        void overlay_entryExpiresAfterItsOwnTtlAndIsPruned() {
            String mine = token("write", overlay("short-lived"));
            Sample image = Sample.image();
            put(token("write"), image);
            clock.advance(Duration.ofMillis(1));
            put(mine, image);
            JsonNode entry = json(as(mine, "GET", image.path()));
            assertThat(Duration.between(Instant.parse(entry.path("created_at").asString()),
                    Instant.parse(entry.path("expires_at").asString())))
                .isEqualTo(Duration.ofDays(7));
            clock.advance(Duration.ofDays(7).minusMillis(1));
            assertSees(mine, image, "short-lived");
            clock.advance(Duration.ofMillis(1));
            assertThat(json(as(mine, "GET", image.path())).has("overlay")).isFalse();
            assertThat(lookup(mine, image).at("/entries/0").has("overlay")).isFalse();
            assertThat(listed(mine, image)).singleElement()
                .satisfies((one) -> assertThat(one.has("overlay")).isFalse());
            assertThat(listed(ADMIN, image)).hasSize(1);
            assertThat(put(mine, image).statusCode()).isEqualTo(201);
            clock.advance(Duration.ofDays(7));
            for (Cache<?> cache : caches) {
                cache.overlays().pruneExpired(Long.MIN_VALUE, 1000);
            }
            assertThat(as(ADMIN, "DELETE", "/overlays/short-lived").body()).isEqualTo("{\"removed\":0}");
            assertThat(as(mine, "GET", image.path()).statusCode()).isEqualTo(200);
        }

        @Test
        void overlay_entriesOfOneMillisecondAreListedOnceOverPages() {
            Sample image = Sample.image();
            for (int i = 0; i < 5; i++) {
                put(token("write", overlay("page" + i)), image);
            }
            put(ADMIN, image);
            String path = "/images?limit=2&image_uri=" + image.value();
            JsonNode page = json(as(ADMIN, "GET", path));
            int listed = page.path("entries").size();
            while (page.has("next")) {
                page = json(as(ADMIN, "GET", path + "&after=" + page.path("next").asString()));
                listed += page.path("entries").size();
            }
            assertThat(listed).isEqualTo(6);
        }

        private void assertSees(String token, Sample entry, String overlay) {
            HttpResponse<String> found = as(token, "GET", entry.path());
            assertThat(found.statusCode()).as(found.body()).isEqualTo(200);
            assertThat(json(found).path("overlay").asString()).isEqualTo(overlay);
            assertThat(lookup(token, entry).path("entries").path(0)).isEqualTo(json(found));
            assertThat(listed(token, entry)).contains(json(found));
            assertThat(as(token, "GET", entry.path() + "?").body()).isEqualTo(found.body());
        }

        private JsonNode lookup(String token, Sample entry) {
            boolean isImage = entry.path().startsWith("/images");
            return json(post(token, isImage ? "/images/lookup" : "/bundles/lookup",
                    "{\"" + (isImage ? "hashes" : "digests") + "\":[\"" + entry.key() + "\"]}"));
        }

        private List<JsonNode> listed(String token, Sample entry) {
            String query = entry.path().startsWith("/images") ? "/images?image_uri=" : "/bundles?remote_path=";
            return json(as(token, "GET", query + entry.value())).path("entries").valueStream().toList();
        }

        private static String overlay(String name) {
            return ",\"overlay\":\"" + name + "\"";
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
