package dev.dejavu.lease;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.Scrape;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * One builds, the others wait: through all instances, on both databases.
 */
class LeaseHttpTests {

    abstract static class Contract extends LeaseFixture {

        private final boolean isPostgresql;

        private Http one = new Http(0);

        /** Another instance, where the database serves more than one. */
        private Http other = new Http(0);

        Contract(boolean isPostgresql) {
            this.isPostgresql = isPostgresql;
        }

        @BeforeAll
        void begin() {
            String url = newDatabase(isPostgresql);
            one = start(url);
            other = isPostgresql ? start(url) : one;
        }

        @Test
        void lease_isGivenToOneOfMany() {
            Sample image = Sample.image(Sample.SCOPE, "ghcr.io/acme/not-built-before").with("holder", "ada@laptop");
            List<CompletableFuture<Answered>> answers = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                Http http = (i % 2 == 0) ? one : other;
                answers.add(async(() -> take(http, image)));
            }
            List<HttpResponse<String>> all = all(answers).stream().map(Answered::response).toList();
            assertThat(all.stream().filter((answer) -> answer.statusCode() == 201)).singleElement()
                .satisfies((answer) -> {
                    JsonNode lease = json(answer);
                    assertThat(lease.path("lease").asString()).isNotBlank();
                    assertThat(Instant.parse(lease.path("expires_at").asString()))
                        .isBetween(Instant.now().plusSeconds(15), Instant.now().plusSeconds(31));
                    assertThat(lease.path("renew_within").asDouble()).isEqualTo(10);
                });
            assertThat(all.stream().filter((answer) -> answer.statusCode() == 202)).hasSize(49).allSatisfy((answer) -> {
                assertThat(header(answer, "Retry-After")).isEqualTo("1");
                assertThat(json(answer).path("holder").asString()).isEqualTo("ada@laptop");
                assertThat(Instant.parse(json(answer).path("since").asString())).isBefore(Instant.now());
                assertThat(json(answer).has("expected_at")).isFalse();
            });
        }

        @Test
        void lease_ofAnImageThatIsHereIsTheEntry() {
            Sample image = Sample.image();
            put(one, image);
            HttpResponse<String> found = take(other, image);
            assertThat(found.statusCode()).isEqualTo(200);
            assertThat(found.body()).isEqualTo(other.get(image.path()).body());
            assertThat(header(found, "ETag")).isEqualTo(header(other.get(image.path()), "ETag"));
        }

        @ParameterizedTest
        @ValueSource(booleans = { true, false })
        void waiters_getTheEntryAsSoonAsItIsThere(boolean isNamed) {
            Sample image = Sample.image();
            String token = taken(take(one, image));
            List<CompletableFuture<Answered>> waiters = wait(12, image, 25, one, other);
            waiters.add(async(() -> one.get(image.path() + "?wait=25")));
            waiters.add(async(() -> other.get(image.path() + "?wait=25")));
            await().until(() -> waiting() == 14);
            put(other, image, isNamed ? new String[] { "Dejavu-Lease", token } : new String[0]);
            Instant stored = Instant.now();
            assertThat(all(waiters)).allSatisfy((answer) -> {
                assertThat(answer.status()).isEqualTo(200);
                assertThat(json(answer.response()).path("image_uri").asString()).isEqualTo(image.value());
                assertThat(Duration.between(stored, answer.at())).isLessThan(Duration.ofSeconds(2));
            });
            assertProblem(renew(other, image, token), 409, "lease-lost");
            await().atMost(Duration.ofSeconds(2)).until(() -> renew(one, image, token).statusCode() == 409);
            assertThat(take(one, image).statusCode()).isEqualTo(200);
        }

        @Test
        void lease_thatIsGivenBackGoesToOneOfThoseWhoWait() {
            Sample image = Sample.image();
            String token = taken(take(one, image));
            List<CompletableFuture<Answered>> waiters = wait(6, image, 4, other, one);
            assertThat(giveBack(other, image, token).statusCode()).isEqualTo(204);
            Instant ended = Instant.now();
            List<Answered> answers = all(waiters);
            assertThat(answers.stream().filter((answer) -> answer.status() == 201)).singleElement()
                .satisfies(
                        (answer) -> assertThat(Duration.between(ended, answer.at())).isLessThan(Duration.ofSeconds(2)));
            assertThat(answers.stream().filter((answer) -> answer.status() == 202)).hasSize(5);
            assertThat(giveBack(one, image, token).statusCode()).isEqualTo(204);
        }

        @Test
        void lease_isRenewedUntilItIsLost() {
            Sample image = Sample.image();
            HttpResponse<String> lease = take(one, image);
            String token = taken(lease);
            HttpResponse<String> renewed = renew(other, image, token);
            assertThat(renewed.statusCode()).isEqualTo(200);
            assertThat(json(renewed).path("lease").asString()).isEqualTo(token);
            assertThat(json(renewed).path("expires_at").asString())
                .isGreaterThanOrEqualTo(json(lease).path("expires_at").asString());
            assertProblem(renew(one, image, "nothing"), 409, "lease-lost", "your PUT counts");
            giveBack(one, image, token);
            assertProblem(renew(one, image, token), 409, "lease-lost");
            String next = taken(take(one, image));
            assertThat(giveBack(one, image, token).statusCode()).isEqualTo(204);
            assertThat(renew(one, image, next).statusCode()).isEqualTo(200);
            put(one, image, "Dejavu-Lease", token);
            assertProblem(renew(one, image, next), 409, "lease-lost");
        }

        @Test
        void removal_endsNoLease() {
            Sample image = Sample.image();
            String token = taken(take(one, image));
            assertThat(one.delete(image.path()).statusCode()).isEqualTo(204);
            assertThat(renew(one, image, token).statusCode()).isEqualTo(200);
        }

        @Test
        void reader_waitsOnlyWhileSomebodyBuilds() {
            Sample image = Sample.image();
            assertProblem(one.get(image.path() + "?wait=25"), 404, "miss");
            String token = taken(take(one, image));
            CompletableFuture<Answered> waiter = async(() -> other.get(image.path() + "?wait=25"));
            await().until(() -> waiting() == 1);
            giveBack(one, image, token);
            assertProblem(get(waiter).response(), 404, "miss");
            put(one, image);
            String etag = header(one.get(image.path()), "ETag");
            assertThat(one.get(image.path() + "?wait=25", "If-None-Match", etag).statusCode()).isEqualTo(304);
            assertThat(one.head(image.path() + "?wait=25").statusCode()).isEqualTo(200);
            assertProblem(one.get(image.path() + "?wait=25&verified=registry"), 404, "miss");
        }

        @Test
        void wait_endsWithItsTime() {
            Sample image = Sample.image();
            taken(take(one, image));
            Instant begin = Instant.now();
            assertThat(take(other, image, 1).statusCode()).isEqualTo(202);
            assertProblem(one.get(image.path() + "?wait=1"), 404, "miss");
            assertThat(Duration.between(begin, Instant.now())).isBetween(Duration.ofSeconds(2), Duration.ofSeconds(10));
        }

        @ParameterizedTest
        @ValueSource(strings = { "9999999999", "99999999999999999999" })
        void wait_ofMoreThanAMinuteIsAMinute(String wait) {
            Sample image = Sample.image();
            assertProblem(one.get(image.path() + "?wait=" + wait), 404, "miss");
            taken(one.post(image.path() + "/lease?wait=" + wait, image.body()));
        }

        @ParameterizedTest
        @ValueSource(strings = { "-1", "x", "", "1.5", "1e3" })
        void wait_thatIsNoNumberIs400(String wait) {
            Sample image = Sample.image();
            assertProblem(one.get(image.path() + "?wait=" + wait), 400, "malformed-query");
            assertProblem(one.post(image.path() + "/lease?wait=" + wait, image.body()), 400, "malformed-query");
        }

        @Test
        void lease_requestIsCheckedAsAPut() {
            Sample image = Sample.image();
            assertProblem(one.post(Sample.image().path() + "/lease", image.body()), 422, "key-mismatch");
            assertProblem(one.post("/images/ABC/lease", image.body()), 400, "malformed-key");
            assertProblem(one.post(image.path() + "/lease", "{}"), 400, "malformed-body", "scope");
            assertProblem(take(one, image.with("holder", "x".repeat(201))), 422, "too-long", "holder");
            assertProblem(take(one, image.with("holder", "a\\nb")), 400, "malformed-body", "holder");
            Sample local = Sample.image(Sample.SCOPE, "localhost/app");
            assertProblem(take(one, local), 422, "not-shareable");
        }

        @Test
        void lease_requiresTheRoleAndTheLimitsOfAPut() {
            Sample image = Sample.image();
            Http reader = withToken(one, "read", "");
            assertProblem(take(reader, image), 403, "forbidden", "requires the role write");
            Http limited = withToken(one, "write", ",\"limits\":{\"scopes\":[\"other:*\"]}");
            assertProblem(take(limited, image), 403, "forbidden", "limited to other scopes");
            String token = taken(take(withToken(one, "write", ""), image));
            assertProblem(renew(reader, image, token), 403, "forbidden");
            assertProblem(giveBack(reader, image, token), 403, "forbidden");
            assertProblem(reader.get("/leases"), 403, "forbidden", "requires the role admin");
            // Nobody waits for what it would not be given.
            assertProblem(limited.get(image.path() + "?wait=25"), 404, "miss");
            assertThat(json(take(reader, image)).path("holder").isMissingNode()).isTrue();
        }

        @Test
        void leases_areListedForAdministrators() {
            Sample image = Sample.image().with("holder", "job 7");
            String token = taken(take(withToken(one, "write", ""), image));
            List<CompletableFuture<Answered>> waiters = wait(2, image, 25, one);
            JsonNode listed = json(one.get("/leases")).path("leases")
                .valueStream()
                .filter((lease) -> lease.path("hash").asString().equals(image.key()))
                .findFirst()
                .orElseThrow();
            assertThat(listed.path("image_uri").asString()).isEqualTo(image.value());
            assertThat(listed.path("holder").asString()).isEqualTo("job 7");
            assertThat(listed.path("author").asString()).isNotBlank();
            assertThat(listed.path("hedge").asBoolean()).isFalse();
            assertThat(listed.path("waiting").asInt()).isEqualTo(2);
            assertThat(listed.toString()).doesNotContain(token);
            assertThat(Scrape.of(one).value("dejavu_lease_waiting")).isEqualTo(2);
            put(one, image);
            all(waiters);
            assertThat(one.get("/leases").body()).doesNotContain(image.key());
            assertThat(Scrape.of(one).value("dejavu_lease_waits_seconds_count{outcome=\"built\"}")).isPositive();
        }

        @Test
        void history_saysWhoBeganToBuild() {
            Sample image = Sample.image().with("holder", "job 8");
            taken(take(one, image));
            put(one, image);
            await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
                List<JsonNode> events = json(one.get(image.path() + "/history")).path("events").valueStream().toList();
                assertThat(events).extracting((event) -> event.path("kind").asString())
                    .containsExactly("put", "leased");
                assertThat(events.getLast().path("reason").asString()).isEqualTo("job 8");
            });
        }

        @Test
        void overlay_hasLeasesOfItsOwnAndWaitsForTheBaseToo() {
            Sample image = Sample.image();
            Http fork = withToken(one, "write", ",\"overlay\":\"fork\"");
            String ofBase = taken(take(one, image));
            String ofFork = taken(take(fork, image));
            assertThat(renew(fork, image, ofBase).statusCode()).isEqualTo(409);
            Http otherFork = new Http(other.port(), fork.headers());
            CompletableFuture<Answered> waiter = wait(1, image, 25, otherFork).getFirst();
            CompletableFuture<Answered> ofBaseToo = wait(1, image, 25, other).getFirst();
            put(fork, image);
            assertThat(get(waiter).status()).isEqualTo(200);
            assertThat(renew(fork, image, ofFork).statusCode()).isEqualTo(409);
            assertThat(renew(one, image, ofBase).statusCode()).isEqualTo(200);
            assertThat(ofBaseToo).isNotDone();
            Sample second = Sample.image();
            taken(take(fork, second));
            CompletableFuture<Answered> third = wait(1, second, 25, otherFork).getFirst();
            put(one, second);
            assertThat(get(third).status()).isEqualTo(200);
            put(other, image);
            assertThat(get(ofBaseToo).status()).isEqualTo(200);
        }

    }

    @Nested
    class OnSqlite extends Contract {

        OnSqlite() {
            super(false);
        }

    }

    @Nested
    class OnPostgresql extends Contract {

        OnPostgresql() {
            super(true);
        }

    }

}
