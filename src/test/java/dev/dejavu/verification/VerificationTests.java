package dev.dejavu.verification;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.Keys;
import dev.dejavu.testing.RegistryProxy;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class VerificationTests {

    abstract static class Contract extends VerificationFixture {

        @Test
        void putIsCheckedBehindItsAnswerAndThenServedWithoutAnother() {
            registry.push(name, "v1", "linux/amd64");
            String path = newEntry(":v1");
            await().until(() -> proxy.takeRequests().contains("HEAD /v2/" + name + "/manifests/v1"));
            await().until(() -> isConfirmed(path));
            proxy.takeRequests();
            clock.advance(FRESHNESS_LIFETIME.minusMillis(1));
            assertThat(isConfirmed(path)).isTrue();
            assertThat(proxy.takeRequests()).isEmpty();
        }

        @Test
        void putIsServedAsTheClientsWordUntilTheRegistryAnswers() {
            proxy.fault(RegistryProxy.respond(503, ""));
            String path = newEntry(":v1");
            HttpResponse<String> response = http.get(path);
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(json(response).path("verified_by").asString()).isEqualTo("client");
            assertThat(json(response).has("stale")).isFalse();
        }

        @Test
        void falseEntryGoesWithTheGraceOfItsFirstPutHoweverOftenItIsRenewed() {
            String path = newEntry(":none");
            for (int i = 0; i < 2; i++) {
                clock.advance(Duration.ofSeconds(14));
                put(path, ":none");
                await().until(() -> !proxy.takeRequests().isEmpty());
                assertThat(http.get(path).statusCode()).isEqualTo(200);
            }
            clock.advance(Duration.ofSeconds(2));
            put(path, ":none");
            await().until(() -> http.get(path).statusCode() == 404);
            // and another first PUT gets no second grace
            put(path, ":none");
            await().until(() -> http.get(path).statusCode() == 404);
        }

        @Test
        void falseEntryGoesThoughItIsRenewedDuringEachCheck() throws InterruptedException {
            proxy.fault((exchange) -> {
                pause();
                RegistryProxy.pass(registry.uri()).respond(exchange);
            });
            String path = newEntry(":none");
            clock.advance(Duration.ofSeconds(31));
            AtomicBoolean ended = new AtomicBoolean();
            Thread writer = Thread.ofVirtual().start(() -> {
                while (!ended.get()) {
                    clock.advance(Duration.ofMillis(1));
                    put(path, ":none");
                    pause(20);
                }
            });
            try {
                await().until(() -> http.get(path).statusCode() == 404);
            }
            finally {
                ended.set(true);
                writer.join();
            }
        }

        @Test
        void imageThatIsTakenBackIsCheckedBeforeItIsServed() {
            String digest = registry.push(name, "v1", "linux/amd64");
            String path = newEntry(":v1");
            await().until(() -> isConfirmed(path));
            proxy.fault(RegistryProxy.respond(503, ""));
            assertThat(takeBack(path).statusCode()).isEqualTo(204);
            assertProblem(http.get(path), 404, "miss");
            proxy.mend();
            await().until(() -> isConfirmed(path));
            registry.delete(name, digest);
            clock.advance(Duration.ofSeconds(31)); // the grace of a new entry
            assertThat(takeBack(path).statusCode()).isEqualTo(204);
            await().until(() -> http.get("/images?image_uri=" + uri(":v1")).body().equals("{\"entries\":[]}"));
        }

        private HttpResponse<String> takeBack(String path) {
            return http.send("POST", path + "/invalidate", BodyPublishers.ofString("{}"), "Content-Type",
                    "application/json");
        }

        @Test
        void readerWhoInsistsGetsOnlyWhatTheRegistryConfirmed() {
            registry.push(name, "v1", "linux/amd64");
            String path = storedAndStale(":v1");
            HttpResponse<String> confirmed = http.get(path + "?verified=registry");
            assertThat(json(confirmed).path("verified_at").asString()).isEqualTo(clock.instant().toString());
            assertThat(lookupConfirmed(path)).hasSize(1);
            clock.advance(FRESHNESS_LIFETIME);
            proxy.fault(RegistryProxy.respond(503, ""));
            assertProblem(http.get(path + "?verified=registry"), 404, "miss");
            assertThat(http.head(path + "?verified=registry").statusCode()).isEqualTo(404);
            assertThat(lookupConfirmed(path)).isEmpty();
            assertThat(http.get(path).statusCode()).isEqualTo(200);
            proxy.mend();
            String claim = newEntry(":none");
            assertProblem(http.get(claim + "?verified=registry"), 404, "miss");
            assertProblem(http.get(claim + "?verified=client"), 400, "malformed-query", "verified");
        }

        private JsonNode lookupConfirmed(String path) {
            return json(http.post("/images/lookup?verified=registry", "{\"hashes\":[\"" + path.substring(8) + "\"]}"))
                .path("entries");
        }

        @Test
        void staleEntryIsServedAsStaleAndCheckedInTheBackground() {
            String digest = registry.push(name, "v1", "linux/amd64");
            String path = storedAndStale(":v1");
            double count = metric("dejavu_stale_hit_age_seconds_count");
            double sum = metric("dejavu_stale_hit_age_seconds_sum");
            HttpResponse<String> stale = http.get(path);
            assertThat(stale.statusCode()).isEqualTo(200);
            assertThat(json(stale).path("stale").asBoolean()).isTrue();
            await().until(() -> !json(http.get(path)).has("stale"));
            HttpResponse<String> verified = http.get(path);
            assertThat(json(verified).path("verified_by").asString()).isEqualTo("registry");
            assertThat(json(verified).path("verified_at").asString()).isEqualTo(clock.instant().toString());
            assertThat(json(verified).path("manifest_digest").asString()).isEqualTo(digest);
            assertThat(json(verified).path("created_at")).isEqualTo(json(stale).path("created_at"));
            double hits = metric("dejavu_stale_hit_age_seconds_count") - count;
            assertThat(hits).isPositive();
            assertThat(metric("dejavu_stale_hit_age_seconds_sum") - sum)
                .isEqualTo(hits * FRESHNESS_LIFETIME.toSeconds());
            JsonNode health = json(http.get("/actuator/health/registries")).at("/components/registry");
            assertThat(health.path("status").asString()).isEqualTo("UP");
            assertThat(health.path("details").path(proxy.host()).path("outcome").asString()).isEqualTo("present");
            assertThat(health.path("details").path(proxy.host()).path("login").asString()).isEqualTo("none");
        }

        private double metric(String name) {
            return http.get("/actuator/prometheus")
                .body()
                .lines()
                .filter((line) -> line.startsWith(name + " "))
                .mapToDouble((line) -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow();
        }

        @Test
        void deletedImageIsRemovedAndAbsentForTheNegativeTtl() {
            String digest = registry.push(name, "v1", "linux/amd64");
            String path = storedAndStale(":v1");
            registry.delete(name, digest);
            http.get(path);
            await().until(() -> http.get(path).statusCode() == 404);
            assertProblem(http.get(path), 404, "absent");
            assertThat(http.get(path, "Accept", "application/*").body()).isEqualTo(http.get(path).body());
            clock.advance(Duration.ofSeconds(30));
            assertProblem(http.get(path), 404, "miss");
        }

        @Test
        void putEndsAnAbsence() {
            http.post("/images/resolve", resolveRequest("v1"));
            assertProblem(http.get(path("v1")), 404, "absent");
            http.put(path("v1"), "{\"image_uri\":\"" + uri(":v1") + "\"}");
            assertThat(http.get(path("v1")).statusCode()).isEqualTo(200);
            http.delete(path("v1"));
            assertProblem(http.get(path("v1")), 404, "miss");
        }

        @Test
        void newEntryIsServedDuringItsGrace() {
            String path = "/images/" + Keys.next();
            clock.advance(FRESHNESS_LIFETIME);
            http.put(path, "{\"image_uri\":\"" + uri(":late") + "\"}");
            http.post("/images/resolve", resolveRequest("late"));
            assertThat(http.get(path).statusCode()).isEqualTo(200);
        }

        @Test
        void movedTagGetsItsNewDigest() {
            registry.push(name, "v1", "linux/amd64");
            String path = storedAndStale(":v1");
            http.get(path);
            await().until(() -> !json(http.get(path)).has("stale"));
            String moved = registry.push(name, "v1", "linux/amd64");
            clock.advance(FRESHNESS_LIFETIME);
            http.get(path);
            await().until(() -> !json(http.get(path)).has("stale"));
            assertThat(json(http.get(path)).path("manifest_digest").asString()).isEqualTo(moved);
        }

        @Test
        void entryIsServedAsStaleDuringAnOutage() {
            registry.push(name, "v1", "linux/amd64");
            String path = storedAndStale(":v1");
            proxy.fault(RegistryProxy.respond(503, ""));
            http.get(path);
            await().until(() -> !proxy.takeRequests().isEmpty());
            assertThat(http.get("/actuator/health/readiness").statusCode()).isEqualTo(200);
            assertThat(http.get("/actuator/health/registries").body()).contains("\"unknown\"", "HTTP 503");
            assertThat(json(http.get(path)).path("stale").asBoolean()).isTrue();
            assertThat(json(http.post("/images/lookup", "{\"hashes\":[\"" + path.substring(8) + "\"]}"))
                .at("/entries/0/stale")
                .asBoolean()).isTrue();
            clock.advance(Duration.ofDays(29));
            assertThat(http.get(path).statusCode()).isEqualTo(200);
        }

        @Test
        void concurrentRequestsShareOneCheck() throws Exception {
            registry.push(name, "v1", "linux/amd64");
            String path = storedAndStale(":v1");
            proxy.fault((exchange) -> {
                pause();
                RegistryProxy.pass(registry.uri()).respond(exchange);
            });
            inParallel(50, () -> http.get(path));
            await().until(() -> !json(http.get(path)).has("stale"));
            assertThat(proxy.takeRequests()).filteredOn((line) -> line.equals("HEAD /v2/" + name + "/manifests/v1"))
                .hasSize(1);
        }

        @Test
        void entryOfARegistryThatIsNotAllowedIsStaleAfterItsFreshnessLifetime() {
            String path = "/images/" + Keys.next();
            http.put(path, "{\"image_uri\":\"registry.example.com/acme/app:v1\"}");
            clock.advance(FRESHNESS_LIFETIME.minusMillis(1));
            assertThat(json(http.get(path)).has("stale")).isFalse();
            clock.advance(Duration.ofMillis(1));
            double stale = metric("dejavu_stale_hit_age_seconds_count");
            HttpResponse<String> first = http.get(path);
            assertThat(json(first).path("stale").asBoolean()).isTrue();
            assertThat(http.get(path).body()).isEqualTo(first.body());
            assertThat(http.get(path, "Accept", "application/*").body()).isEqualTo(first.body());
            assertThat(metric("dejavu_stale_hit_age_seconds_count") - stale).isEqualTo(3);
            assertProblem(http.get(path + "?verified=registry"), 404, "miss");
            JsonNode looked = json(http.post("/images/lookup", "{\"hashes\":[\"" + path.substring(8) + "\"]}"));
            JsonNode listed = json(http.get("/images?image_uri=registry.example.com/acme/app:v1"));
            assertThat(looked.path("entries")).containsExactly(json(first));
            assertThat(listed.path("entries")).containsExactly(json(first));
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
