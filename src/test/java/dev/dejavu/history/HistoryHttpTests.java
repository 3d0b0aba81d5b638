package dev.dejavu.history;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.annotation.Autowired;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Selection;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

class HistoryHttpTests {

    abstract static class Contract extends HistoryHttpFixture {

        @Autowired
        private HistoryRepository history;

        static Stream<Sample> samples() {
            return Stream.of(Sample.image(), Sample.bundle());
        }

        @ParameterizedTest
        @MethodSource("samples")
        void history_hasWhatHappenedNewestFirst(Sample entry) {
            String writer = token("write", "");
            String other = token("write", "");
            send(writer, "PUT", entry.path(), entry.body());
            step();
            send(writer, "PUT", entry.path(), entry.body());
            step();
            Sample changed = entry.other("Z");
            send(other, "PUT", changed.path(), changed.body());
            step();
            send(ADMIN, "DELETE", entry.path(), "");
            JsonNode events = history(ADMIN, entry).path("events");
            assertThat(texts(events, "kind")).containsExactly("removed", "changed", "renewed", "put");
            assertThat(events.path(1).path("value").asString()).isEqualTo(changed.value());
            assertThat(events.path(1).path("previous_value").asString()).isEqualTo(entry.value());
            assertThat(events.path(0).path("value").asString()).isEqualTo(changed.value());
            assertThat(texts(events, "actor")).doesNotContain("").startsWith("admin").hasSize(4);
            assertThat(texts(history(writer, entry).path("events"), "actor")).containsOnly("");
            step();
            send(writer, "PUT", entry.path(), entry.body());
            assertThat(kinds(writer, entry)).containsExactly("put", "removed", "changed", "renewed", "put");
        }

        @Test
        void history_unknownKey_isEmpty() {
            HttpResponse<String> response = send(ADMIN, "GET", "/images/" + Keys.next() + "/history", "");
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(json(response).path("events")).isEmpty();
            assertThat(send(ADMIN, "GET", "/images/XYZ/history", "").statusCode()).isEqualTo(400);
        }

        @ParameterizedTest
        @MethodSource("samples")
        void history_expiredEntry_saysWhen(Sample entry) {
            String writer = token("write", "");
            send(writer, "PUT", entry.path(), entry.body());
            String expiry = json(send(writer, "GET", entry.path(), "")).path("expires_at").asString();
            clock.advance(Duration.ofDays(29));
            assertThat(kinds(writer, entry)).containsExactly("put");
            clock.advance(Duration.ofDays(1).minusMillis(1));
            assertThat(kinds(writer, entry)).containsExactly("put");
            clock.advance(Duration.ofMillis(1));
            JsonNode events = history(writer, entry).path("events");
            assertThat(texts(events, "kind")).containsExactly("expired", "put");
            assertThat(events.path(0).path("at").asString()).isEqualTo(expiry);
            clock.advance(Duration.ofMillis(1));
            assertThat(kinds(writer, entry)).as("its PUT is older than dejavu.history.keep").containsExactly("expired");
            clock.advance(Duration.ofDays(30).minusMillis(2));
            assertThat(kinds(writer, entry)).containsExactly("expired");
            clock.advance(Duration.ofMillis(2));
            assertThat(kinds(writer, entry)).isEmpty();
        }

        @ParameterizedTest
        @MethodSource("samples")
        void history_removalOfMany_isFoundByTheKeysThatItRemoved(Sample entry) {
            String writer = token("write", "");
            send(writer, "PUT", entry.path(), entry.body());
            step();
            String name = entry.path().startsWith("/images") ? "image_uri" : "remote_path";
            String collection = entry.path().replaceFirst("/[^/]*$", "");
            send(ADMIN, "DELETE", collection + "?" + name + "=other:v1", "");
            assertThat(kinds(writer, entry)).containsExactly("put");
            send(ADMIN, "DELETE", collection + "?" + name + "=" + entry.value(), "");
            JsonNode events = history(ADMIN, entry).path("events");
            assertThat(texts(events, "kind")).containsExactly("removed", "put");
            assertThat(events.path(0).path("actor").asString()).isEqualTo("admin");
            step();
            send(writer, "PUT", entry.path(), entry.body());
            assertThat(kinds(writer, entry)).containsExactly("put", "removed", "put");
        }

        @ParameterizedTest
        @MethodSource("samples")
        void history_removalOfMany_isFoundBesideManyThatAreOfOthers(Sample entry) {
            send(ADMIN, "PUT", entry.path(), entry.body());
            step();
            String name = entry.path().startsWith("/images") ? "image_uri" : "remote_path";
            String collection = entry.path().replaceFirst("/[^/]*$", "");
            send(ADMIN, "DELETE", collection + "?" + name + "=" + entry.value(), "");
            step();
            for (Selection other : List.of(new Selection(null, "pr-1", clock.millis()),
                    new Selection("other:v1", null, clock.millis()))) {
                EventRow removal = EventRow.removal(collection.substring(1), other, "ada");
                history.add(Collections.nCopies(HistoryRepository.MAX_EVENTS, removal), List.of(), List.of());
            }
            assertThat(kinds(ADMIN, entry)).containsExactly("removed", "put");
        }

        @ParameterizedTest
        @MethodSource("samples")
        void history_takenBack_hasTheReason(Sample entry) {
            String writer = token("write", "");
            send(writer, "PUT", entry.path(), entry.body());
            step();
            send(writer, "POST", entry.path() + "/invalidate", "{\"reason\":\"it was broken\"}");
            JsonNode last = history(writer, entry).path("events").path(0);
            assertThat(last.path("kind").asString()).isEqualTo("removed");
            assertThat(last.path("reason").asString()).isEqualTo("it was broken");
        }

        @Test
        void history_fingerprintChanged_saysThatThePathIsTheSame() {
            Sample bundle = Sample.bundle();
            for (Sample one : List.of(bundle, bundle.with("fingerprint", "a"), bundle.with("fingerprint", "b"))) {
                send(ADMIN, "PUT", one.path(), one.body());
                step();
            }
            JsonNode events = history(ADMIN, bundle).path("events");
            assertThat(texts(events, "kind")).containsExactly("changed", "renewed", "put");
            assertThat(events.path(0).path("detail").asString()).isEqualTo("another archive at the same path");
            assertThat(events.path(0).path("value").asString()).isEqualTo(bundle.value());
            assertThat(events.path(0).has("previous_value")).isFalse();
        }

        @Test
        void history_eventOfTheRegistry_concernsTheKeysOfItsTagWhileTheyLive() {
            Sample before = Sample.image("::", "harbor.example.com/acme/app");
            Sample after = Sample.image("::", "HARBOR.example.com:443/acme/app",
                    before.value().replaceFirst(".*:", ""));
            Sample otherTag = Sample.image("::", "harbor.example.com/acme/app");
            send(ADMIN, "PUT", before.path(), before.body());
            send(ADMIN, "PUT", otherTag.path(), otherTag.body());
            step();
            deleteTag("acme/app", before.value().replaceFirst(".*:", ""));
            step();
            send(ADMIN, "PUT", after.path(), after.body());
            JsonNode events = history(ADMIN, before).path("events");
            assertThat(texts(events, "kind")).containsExactly("invalidated", "put");
            assertThat(events.path(0).path("detail").asString()).contains("delete", "harbor");
            assertThat(kinds(ADMIN, after)).containsExactly("put");
            assertThat(kinds(ADMIN, otherTag)).containsExactly("put");
        }

        @ParameterizedTest
        @MethodSource("samples")
        void served_hasWhoAndWhenToTheMinute(Sample entry) {
            String ada = token("read", "");
            String ben = token("read", "");
            send(ADMIN, "PUT", entry.path(), entry.body());
            String put = clock.instant().toString();
            send(ada, "GET", entry.path(), "");
            send(ada, "GET", entry.path(), "");
            clock.advance(Duration.ofMinutes(3));
            String first = minute();
            send(ada, "GET", entry.path(), "");
            send(ben, "GET", entry.path(), "");
            clock.advance(Duration.ofDays(1));
            send(ADMIN, "PUT", entry.path(), entry.body());
            assertThat(history(ADMIN, entry).path("served_since_true")).isEmpty();
            String renewed = minute();
            send(ben, "GET", entry.path(), "");
            JsonNode history = history(ADMIN, entry);
            assertThat(texts(history.path("served"), "identity")).containsExactly(name(ben), name(ada));
            JsonNode served = history.path("served").path(0);
            assertThat(served.path("first_at").asString()).isEqualTo(first);
            assertThat(served.path("last_at").asString()).isEqualTo(renewed);
            assertThat(served.path("times").asInt()).isEqualTo(2);
            assertThat(history.path("served").path(1).path("times").asInt()).isEqualTo(2);
            assertThat(texts(history.path("served_since_true"), "identity")).containsExactly(name(ben));
            assertThat(history.path("true_at").asString()).isGreaterThan(put);
            assertThat(history(ada, entry).has("served")).isFalse();
            assertThat(history(ada, entry).has("served_since_true")).isFalse();
            send(ADMIN, "DELETE", entry.path(), "");
            assertThat(texts(history(ADMIN, entry).path("served_since_true"), "identity")).containsExactly(name(ben));
        }

        @Test
        void served_minuteOfSeveralInstances_countsOnce() {
            CacheKey key = Keys.next();
            long[][] rows = { { 5, 5, 1, 1 }, { 5, 5, 1, 1 }, { 6, 7, 2, 3 }, { 7, 7, 1, 3 }, { 5, 7, 3, 4 },
                    { 3, 5, 2, 5 } };
            for (long[] row : rows) {
                history.add(List.of(), List.of(),
                        List.of(new ServedRow(new Servings.Key("images", key, "ghcr.io/acme/app:v1", "ada"),
                                row[0] * ServedRow.MINUTE, row[1] * ServedRow.MINUTE, row[2])));
                assertThat(history.served("images", key.hex(), null, null, 0)).singleElement()
                    .satisfies((served) -> assertThat(served.times()).isEqualTo(row[3]));
            }
        }

        @ParameterizedTest
        @MethodSource("samples")
        void served_sinceTrue_isOfTheValueThatItHas(Sample entry) {
            String ada = token("read", "");
            String ben = token("read", "");
            send(ADMIN, "PUT", entry.path(), entry.body());
            send(ada, "GET", entry.path(), "");
            Sample changed = entry.other("Z");
            send(ADMIN, "PUT", changed.path(), changed.body());
            send(ben, "GET", entry.path(), "");
            JsonNode history = history(ADMIN, entry);
            assertThat(texts(history.path("served"), "identity")).containsExactlyInAnyOrder(name(ada), name(ben));
            assertThat(texts(history.path("served_since_true"), "identity")).containsExactly(name(ben));
        }

        @ParameterizedTest
        @MethodSource("samples")
        void history_isVisibleAsTheEntryIs(Sample entry) {
            String mine = token("write", ",\"overlay\":\"mine\"");
            String limited = token("read", ",\"limits\":{\"scopes\":[\"dns:///other.example.com:*\"]}");
            String granted = token("read", ",\"limits\":{\"scopes\":[\"dns:///example.union.ai:*\"]}");
            send(mine, "PUT", entry.path(), entry.body());
            assertThat(kinds(mine, entry)).containsExactly("put");
            assertThat(kinds(token("read", ""), entry)).isEmpty();
            assertThat(kinds(token("read", ",\"overlay\":\"theirs\""), entry)).isEmpty();
            assertThat(history(ADMIN, entry).path("events").path(0).path("overlay").asString()).isEqualTo("mine");
            step();
            send(ADMIN, "PUT", entry.path(), entry.body());
            send(ADMIN, "DELETE", entry.path(), "");
            assertThat(kinds(granted, entry)).containsExactly("removed", "put");
            assertThat(kinds(limited, entry)).isEmpty();
            assertThat(kinds(mine, entry)).containsExactlyInAnyOrder("removed", "put", "put");
        }

        private String minute() {
            return clock.instant().truncatedTo(ChronoUnit.MINUTES).toString();
        }

        private JsonNode history(String token, Sample entry) {
            HttpResponse<String> response = send(token, "GET", entry.path() + "/history", "");
            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
            return json(response);
        }

        private List<String> kinds(String token, Sample entry) {
            return texts(history(token, entry).path("events"), "kind");
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
