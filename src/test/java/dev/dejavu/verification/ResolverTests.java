package dev.dejavu.verification;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.RegistryProxy;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class ResolverTests {

    abstract static class Contract extends VerificationFixture {

        @Test
        void resolve_presentImage_isStoredAfterOneCheck() throws Exception {
            long writes = writes();
            String digest = registry.push(name, "v1", "linux/amd64");
            List<HttpResponse<String>> responses = inParallel(20,
                    () -> http.post("/images/resolve", resolveRequest("v1")));
            assertThat(responses).allMatch((response) -> response.statusCode() == 200);
            assertThat(proxy.takeRequests()).filteredOn((line) -> line.startsWith("HEAD")).hasSize(1);
            HttpResponse<String> known = http.get(path("v1"));
            assertThat(json(known).path("image_uri").asString()).isEqualTo(uri(":v1"));
            assertThat(json(known).path("verified_by").asString()).isEqualTo("registry");
            assertThat(json(known).path("manifest_digest").asString()).isEqualTo(digest);
            assertThat(json(known).path("platforms").get(0).asString()).isEqualTo("linux/amd64");
            assertThat(writes()).isEqualTo(writes + 1);
        }

        private long writes() {
            return json(http.get("/stats")).at("/images/writes").asLong();
        }

        @Test
        void resolve_imageConfirmedInAnotherScope_asksNoRegistry() {
            String digest = registry.push(name, "v1", "linux/amd64");
            JsonNode known = json(http.post("/images/resolve", resolveRequest("v1")));
            proxy.takeRequests();
            clock.advance(FRESHNESS_LIFETIME.minusMillis(1));
            JsonNode other = json(http.post("/images/resolve", resolveRequest("t", "v1")));
            assertThat(proxy.takeRequests()).isEmpty();
            assertThat(other.path("manifest_digest").asString()).isEqualTo(digest);
            assertThat(other.path("verified_at")).isEqualTo(known.path("verified_at"));
            assertThat(other.path("created_at").asString()).isEqualTo(clock.instant().toString());
            assertThat(other.path("scope").asString()).isEqualTo("t");
            assertThat(other.propertyNames()).containsExactlyInAnyOrderElementsOf(known.propertyNames());
            assertThat(json(http.get(path("t", "v1")))).isEqualTo(other);
            assertThat(json(http.get(path("t", "v1") + "?verified=registry"))).isEqualTo(other);
            clock.advance(Duration.ofMillis(1));
            assertThat(json(http.post("/images/resolve", resolveRequest("u", "v1"))).path("verified_at").asString())
                .isEqualTo(clock.instant().toString());
            assertThat(proxy.takeRequests()).isNotEmpty();
        }

        @Test
        void resolve_imageThatOnlyAClientSawInAnotherScope_asksTheRegistry() {
            proxy.fault(RegistryProxy.respond(503, ""));
            assertThat(http.put(path("v1"), resolveRequest("v1")).statusCode()).isEqualTo(201);
            assertProblem(http.post("/images/resolve", resolveRequest("t", "v1")), 404, "miss");
        }

        @Test
        void resolve_imageConfirmedForAnotherPlatform_asksTheRegistry() {
            registry.push(name, "v1", "linux/amd64");
            http.post("/images/resolve", resolveRequest("v1"));
            assertProblem(http.post("/images/resolve", resolveRequest("t", "v1").replace("amd64", "arm64")), 404,
                    "absent");
        }

        @Test
        void resolve_invalidatedEntry_waitsForTheRegistryItself() {
            registry.push(name, "v1", "linux/amd64");
            http.post("/images/resolve", resolveRequest("v1"));
            http.post("/images/resolve", resolveRequest("t", "v1"));
            proxy.fault(RegistryProxy.respond(503, ""));
            assertThat(http.post(path("v1") + "/invalidate", "{}").statusCode()).isEqualTo(204);
            assertProblem(http.post("/images/resolve", resolveRequest("v1")), 404, "miss");
            assertThat(http.get(path("t", "v1")).statusCode()).isEqualTo(200);
        }

        @Test
        void resolve_imageRefutedInOneScope_isCheckedInTheOthers() {
            String digest = registry.push(name, "v1", "linux/amd64");
            http.put(path("v1"), resolveRequest("v1"));
            await().until(() -> isConfirmed(path("v1")));
            http.post("/images/resolve", resolveRequest("t", "v1"));
            clock.advance(Duration.ofMinutes(1));
            registry.delete(name, digest);
            assertThat(http.get(path("t", "v1")).statusCode()).isEqualTo(200);
            // checked behind its answer
            http.put(path("v1"), resolveRequest("v1"));
            await().until(() -> http.get(path("t", "v1")).statusCode() == 404);
            assertProblem(http.post("/images/resolve", resolveRequest("u", "v1")), 404, "absent");
        }

        @Test
        void resolve_absentImage_isNotCheckedAgain() {
            assertProblem(http.post("/images/resolve", resolveRequest("v1")), 404, "absent");
            proxy.takeRequests();
            assertProblem(http.post("/images/resolve", resolveRequest("v1")), 404, "absent");
            assertThat(proxy.takeRequests()).isEmpty();
            registry.push(name, "v1", "linux/amd64");
            clock.advance(Duration.ofSeconds(30));
            assertThat(http.post("/images/resolve", resolveRequest("v1")).statusCode()).isEqualTo(200);
        }

        @Test
        void resolve_unknownStatus_isAMiss() {
            proxy.fault(RegistryProxy.respond(500, ""));
            assertProblem(http.post("/images/resolve", resolveRequest("v1")), 404, "miss");
            assertProblem(
                    http.post("/images/resolve", resolveRequest("v1").replace(proxy.host(), "registry.example.com")),
                    404, "miss");
        }

        @Test
        void resolve_incompleteParts_is400() {
            assertProblem(http.post("/images/resolve", "{\"repository\":\"ghcr.io/acme/app\",\"tag\":\"v1\"}"), 400,
                    "malformed-body", "scope");
            assertProblem(http.post("/images/resolve", resolveRequest("v1").replace("[\"linux/amd64\"]", "[]")), 400,
                    "malformed-body", "platforms");
            assertProblem(http.post("/images/resolve", resolveRequest("v 1")), 422, "invalid-image-uri");
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
