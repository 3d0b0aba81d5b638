package dev.dejavu.verification;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import javax.sql.DataSource;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

import dev.dejavu.testing.Notifications;
import dev.dejavu.testing.RegistryProxy;
import dev.dejavu.testing.Staleness;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Events of a real registry take effect within a second.
 */
class EventTests {

    /** After the grace of a new entry, within its freshness lifetime. */
    private static final Duration AFTER_GRACE = Duration.ofMinutes(1);

    abstract static class Contract extends VerificationFixture {

        private final Notifications notifications = SharedRegistry.notifications;

        @BeforeEach
        void listen() {
            notifications.forwardTo(http, "/webhooks/real", SECRET);
        }

        /** Stores an entry that is fresh, and past its grace. */
        String stored(String tag) {
            String body = resolveRequest(tag).replaceFirst("\\{", "{\"image_uri\":\"" + uri(":" + tag) + "\",");
            assertThat(http.put(path(tag), body).statusCode()).isBetween(200, 201);
            clock.advance(AFTER_GRACE);
            assertThat(json(http.get(path(tag))).has("stale")).isFalse();
            return path(tag);
        }

        String pushed(String tag) {
            String digest = registry.push(name, tag, "linux/amd64");
            await().until(() -> notifications.accepted(name, digest, "\"push\""));
            return digest;
        }

        void deleted(String digest) {
            registry.delete(name, digest);
            await().until(() -> notifications.accepted(name, digest, "\"delete\""));
        }

        private boolean isAbsent(String path) {
            HttpResponse<String> response = http.get(path);
            return response.statusCode() == 404 && response.body().contains("urn:dejavu:problem:absent");
        }

        @Test
        void deletedImageIsAbsent() {
            String digest = pushed("v1");
            String path = stored("v1");
            deleted(digest);
            Staleness.isBelowOneSecond(() -> http.get(path).statusCode() == 404);
        }

        @Test
        void indexWithoutTheChildOfAPlatformIsAbsent() {
            String amd64 = registry.push(name, null, "linux/amd64");
            String arm64 = registry.push(name, null, "linux/arm64");
            registry.pushIndex(name, "multi", Map.of("linux/amd64", amd64, "linux/arm64", arm64));
            String path = stored("multi");
            deleted(amd64);
            Staleness.isBelowOneSecond(() -> http.get(path).statusCode() == 404);
        }

        @Test
        void deletionLeavesOtherTagsFresh() {
            String digest = pushed("v1");
            pushed("v2");
            String path = stored("v2");
            deleted(digest);
            for (int i = 0; i < 20; i++) {
                HttpResponse<String> response = http.get(path);
                assertThat(response.statusCode()).isEqualTo(200);
                assertThat(json(response).has("stale")).isFalse();
            }
        }

        @Test
        void deletedImageIsAbsentInTheScopeThatTookItOverToo() {
            String digest = pushed("v1");
            stored("v1");
            await().until(() -> isConfirmed(path("v1")));
            proxy.takeRequests();
            assertThat(http.post("/images/resolve", resolveRequest("t", "v1")).statusCode()).isEqualTo(200);
            // An earlier test's repository may be checked again.
            assertThat(proxy.takeRequests()).noneMatch((line) -> line.contains(name));
            clock.advance(AFTER_GRACE);
            deleted(digest);
            Staleness.isBelowOneSecond(() -> http.get(path("t", "v1")).statusCode() == 404);
        }

        @Test
        void movedTagGetsItsNewDigest() {
            pushed("v1");
            String path = stored("v1");
            http.post("/images/resolve", resolveRequest("v1"));
            String moved = pushed("v1");
            Staleness.isBelowOneSecond(() -> json(http.get(path)).path("manifest_digest").asString("").equals(moved));
        }

        @Test
        void tagThatMovedToAnotherPlatformIsAbsent() {
            pushed("v1");
            String path = stored("v1");
            clock.advance(FRESHNESS_LIFETIME);
            await().until(() -> json(http.get(path)).path("verified_by").asString("").equals("registry"));
            String moved = registry.push(name, "v1", "linux/arm64");
            await().until(() -> notifications.accepted(name, moved, "\"push\""));
            Staleness.isBelowOneSecond(() -> http.get(path).statusCode() == 404);
        }

        @Test
        void pushEndsAnAbsence() {
            assertProblem(http.post("/images/resolve", resolveRequest("v1")), 404, "absent");
            assertThat(isAbsent(path("v1"))).isTrue();
            pushed("v1");
            assertProblem(http.get(path("v1")), 404, "miss");
            assertThat(http.post("/images/resolve", resolveRequest("v1")).statusCode()).isEqualTo(200);
        }

        @Test
        void deletionEndsNoAbsence() {
            // An earlier test's Retry-After may pause the checks for a second.
            await()
                .untilAsserted(() -> assertProblem(http.post("/images/resolve", resolveRequest("v1")), 404, "absent"));
            String deletion = "{\"events\":[{\"action\":\"delete\",\"target\":{\"repository\":\"" + name
                    + "\",\"tag\":\"v1\"}}]}";
            assertThat(http
                .send("POST", "/webhooks/real", BodyPublishers.ofString(deletion), "Content-Type", "application/json",
                        "Authorization", SECRET)
                .statusCode()).isEqualTo(204);
            assertThat(isAbsent(path("v1"))).isTrue();
        }

        @Test
        void deletionThatCannotBeCheckedIsAMissUntilItCan() {
            String digest = pushed("v1");
            pushed("v2");
            String deleted = stored("v1");
            String other = stored("v2");
            await().until(() -> isConfirmed(other));
            proxy.fault(RegistryProxy.respond(503, ""));
            String claimed = stored("v3");
            deleted(digest);
            assertProblem(http.get(deleted), 404, "miss");
            assertProblem(http.get(claimed), 404, "miss");
            assertThat(isConfirmed(other)).isTrue();
            registry.push(name, "v3", "linux/amd64");
            String keys = "{\"hashes\":[\"" + deleted.substring(8) + "\"]}";
            assertThat(json(http.post("/images/lookup", keys)).path("missing")).hasSize(1);
            assertThat(json(http.get("/images?image_uri=" + uri(":v1"))).at("/entries/0/stale").asBoolean()).isTrue();
            assertThat(json(http.get("/images?image_uri=" + uri(":v1"))).at("/entries/0").has("verified_at")).isFalse();
            proxy.mend();
            // A late notification of the invalidation ends the absence: it is a miss
            // then.
            await().until(() -> {
                http.post("/images/resolve", resolveRequest("v1"));
                return isAbsent(deleted);
            });
            await().until(() -> isConfirmed(claimed));
        }

        @Test
        void resolveOfAnInvalidatedEntryKeepsItsBuild() {
            pushed("v2");
            String body = resolveRequest("v2").replaceFirst("\\{", "{\"build_run\":\"run-1\",");
            http.put(path("v2"), body);
            await().until(() -> isConfirmed(path("v2")));
            proxy.fault(RegistryProxy.respond(503, ""));
            assertThat(http.post(path("v2") + "/invalidate", "{}").statusCode()).isEqualTo(204);
            assertProblem(http.get(path("v2")), 404, "miss");
            proxy.mend();
            await().until(() -> http.post("/images/resolve", resolveRequest("v2")).statusCode() == 200);
            HttpResponse<String> found = http.get(path("v2"));
            assertThat(json(found).path("verified_by").asString()).isEqualTo("registry");
            assertThat(json(found).path("build_run").asString()).isEqualTo("run-1");
        }

        @Test
        void putMakesAnInvalidatedEntryFresh() {
            String digest = pushed("v1");
            String path = stored("v1");
            proxy.fault(RegistryProxy.respond(503, ""));
            deleted(digest);
            assertProblem(http.get(path), 404, "miss");
            proxy.mend();
            registry.push(name, "v1", "linux/amd64");
            stored("v1");
        }

    }

    @Nested
    @WithSqlite
    class OnSqlite extends Contract {

    }

    @Nested
    @WithPostgres
    class OnPostgres extends Contract {

        @Test
        void eventBetweenReadingAndStoringWins(@Autowired DataSource dataSource) throws Exception {
            String digest = pushed("v1");
            stored("v1");
            await().until(() -> isConfirmed(path("v1")));
            String path = path("t", "v1");
            try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
                    Connection other = dataSource.getConnection();
                    Statement statement = other.createStatement()) {
                other.setAutoCommit(false);
                statement.execute("select pg_advisory_xact_lock(hashtextextended('"
                        + path.replaceFirst("/images/", "images") + "', 0))");
                Future<HttpResponse<String>> resolve = executor
                    .submit(() -> http.post("/images/resolve", resolveRequest("t", "v1")));
                await().pollInterval(Duration.ofMillis(5)).until(() -> {
                    try (ResultSet waiting = statement.executeQuery("select 1 from pg_locks where not granted")) {
                        return waiting.next();
                    }
                });
                deleted(digest);
                other.commit();
                assertThat(resolve.get().statusCode()).isEqualTo(404);
            }
            assertThat(http.get(path).statusCode()).isEqualTo(404);
        }

    }

}
