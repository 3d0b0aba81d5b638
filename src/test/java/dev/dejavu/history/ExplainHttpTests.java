package dev.dejavu.history;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

class ExplainHttpTests {

    private static final int MISSES = 1000;

    abstract static class Contract extends HistoryHttpFixture {

        static Stream<Sample> samples() {
            return Stream.of(Sample.image(), Sample.bundle());
        }

        @Test
        void explain_changedPart_isNamed() {
            Random random = new Random(23);
            List<Image> images = IntStream.range(0, 250).mapToObj((i) -> Image.any(random)).distinct().toList();
            for (Image image : images) {
                step();
                assertThat(send(ADMIN, "PUT", image.path(), image.body()).statusCode()).isEqualTo(201);
            }
            List<String> wrong = new ArrayList<>();
            for (int i = 0; i < MISSES; i++) {
                Image image = images.get(random.nextInt(images.size()));
                String part = Image.PARTS.get(i % Image.PARTS.size());
                Image asked = image.changed(part, random);
                JsonNode explanation = json(send(ADMIN, "POST", "/images/explain", asked.body()));
                String cause = explanation.path("cause").asString();
                // Others may differ in their tags alone as well.
                boolean isNearest = part.equals("tag")
                        || explanation.at("/nearest/0/entry/hash").asString().equals(image.hash());
                if (!cause.equals(Image.cause(part)) || !isNearest) {
                    wrong.add(part + " of " + image + ": " + explanation);
                }
            }
            assertThat(wrong).hasSizeLessThanOrEqualTo(MISSES / 100);
        }

        @Test
        void explain_changedPartOfABundle_isNamed() {
            Sample bundle = Sample.bundle();
            send(ADMIN, "PUT", bundle.path(), bundle.body());
            String parts = bundle.body().replaceFirst("\"hash_digest\":\"[^\"]*\",\"remote_path\":\"[^\"]*\",", "");
            JsonNode here = explain(ADMIN, bundle);
            assertThat(here.path("cause").asString()).isEqualTo("here");
            for (String change : List.of("union.ai>union.test", ":proj:>:other:", ":dev>:main")) {
                String[] texts = change.split(">", 2);
                JsonNode explanation = json(
                        send(ADMIN, "POST", "/bundles/explain", parts.replaceFirst(texts[0], texts[1])));
                assertThat(explanation.path("cause").asString()).as(change).isEqualTo("other-scope");
                assertThat(explanation.at("/nearest/0/entry/digest").asString()).isEqualTo(bundle.key());
            }
            JsonNode otherFiles = json(
                    send(ADMIN, "POST", "/bundles/explain", parts.replaceFirst("files_digest\":\"...", "$0123")));
            assertThat(otherFiles.path("cause").asString()).isEqualTo("other-files");
            Sample known = bundle.with("fingerprint", "one");
            send(ADMIN, "PUT", known.path(), known.body());
            JsonNode otherFingerprint = explain(ADMIN, bundle.with("fingerprint", "two"));
            assertThat(otherFingerprint.path("cause").asString()).isEqualTo("other-fingerprint");
            assertThat(otherFingerprint.path("outcome").asString()).isEqualTo("here");
        }

        @ParameterizedTest
        @MethodSource("samples")
        void explain_here_hasTheEntryAndCountsNoLookup(Sample entry) {
            send(ADMIN, "PUT", entry.path(), entry.body());
            JsonNode before = json(send(ADMIN, "GET", "/stats", ""));
            String reader = token("read", "");
            JsonNode explanation = explain(reader, entry);
            assertThat(explanation.path("outcome").asString()).isEqualTo("here");
            assertThat(explanation.path("cause").asString()).isEqualTo("here");
            assertThat(explanation.path("entry")).isEqualTo(json(send(reader, "GET", entry.path(), "")));
            explain(reader, Sample.image("::", "ghcr.io/never/" + Keys.next().hex()));
            String hits = entry.path().startsWith("/images") ? "/images/hits" : "/bundles/hits";
            JsonNode after = json(send(ADMIN, "GET", "/stats", ""));
            assertThat(after.at(hits).asInt()).as("the GET alone").isEqualTo(before.at(hits).asInt() + 1);
            assertThat(after.at("/images/misses").asInt()).isEqualTo(before.at("/images/misses").asInt());
        }

        @Test
        void explain_neverSeen() {
            JsonNode explanation = explain(ADMIN, Sample.image("::", "ghcr.io/never/" + Keys.next().hex()));
            assertThat(explanation.path("cause").asString()).isEqualTo("never-seen");
            assertThat(explanation.path("outcome").asString()).isEqualTo("unknown");
        }

        @ParameterizedTest
        @MethodSource("samples")
        void explain_removed_saysWhenAndToAdministratorsByWhom(Sample entry) {
            send(ADMIN, "PUT", entry.path(), entry.body());
            step();
            send(ADMIN, "DELETE", entry.path(), "");
            JsonNode explanation = explain(ADMIN, entry);
            assertThat(explanation.path("cause").asString()).isEqualTo("removed");
            assertThat(explanation.path("text").asString()).contains("by admin");
            assertThat(explanation.at("/event/at").asString()).isEqualTo(clock.instant().toString());
            JsonNode seen = explain(token("read", ""), entry);
            assertThat(seen.path("cause").asString()).isEqualTo("removed");
            assertThat(seen.toString()).doesNotContain("admin");
        }

        @ParameterizedTest
        @MethodSource("samples")
        void explain_takenBack_hasTheReason(Sample entry) {
            send(ADMIN, "PUT", entry.path(), entry.body());
            send(ADMIN, "POST", entry.path() + "/invalidate", "{\"reason\":\"it was broken\"}");
            JsonNode explanation = explain(token("read", ""), entry);
            assertThat(explanation.path("cause").asString()).isEqualTo("removed");
            assertThat(explanation.path("text").asString()).contains("it was broken");
        }

        @ParameterizedTest
        @MethodSource("samples")
        void explain_expired_saysWhen(Sample entry) {
            send(ADMIN, "PUT", entry.path(), entry.body());
            String expiry = json(send(ADMIN, "GET", entry.path(), "")).path("expires_at").asString();
            clock.advance(Duration.ofDays(30));
            JsonNode explanation = explain(ADMIN, entry);
            assertThat(explanation.path("cause").asString()).isEqualTo("expired");
            assertThat(explanation.at("/event/at").asString()).isEqualTo(expiry);
            clock.advance(Duration.ofHours(1));
            assertThat(explain(ADMIN, entry).path("cause").asString()).as("by its row, as the history is over")
                .isEqualTo("expired");
        }

        @ParameterizedTest
        @MethodSource("samples")
        void explain_hiddenInAnOverlay_isSaidToThoseWhoMayKnow(Sample entry) {
            String mine = token("write", ",\"overlay\":\"mine\"");
            send(mine, "PUT", entry.path(), entry.body());
            JsonNode explanation = explain(ADMIN, entry);
            assertThat(explanation.path("cause").asString()).isEqualTo("hidden");
            assertThat(explanation.at("/nearest/0/differs/0/theirs").asString()).isEqualTo("mine");
            assertThat(explain(mine, entry).path("cause").asString()).isEqualTo("here");
            for (String other : List.of(token("write", ""), token("write", ",\"overlay\":\"theirs\""))) {
                assertThat(explain(other, entry).toString()).doesNotContain("hidden", "mine");
            }
            Sample changed = entry.other("Z");
            send(ADMIN, "PUT", changed.path(), changed.body());
            JsonNode hides = explain(mine, entry);
            assertThat(hides.path("cause").asString()).isEqualTo("hidden");
            assertThat(hides.path("outcome").asString()).isEqualTo("here");
        }

        @Test
        void explain_notConfirmedByTheRegistry() {
            Sample image = Sample.image();
            send(ADMIN, "PUT", image.path(), image.body());
            JsonNode explanation = json(send(ADMIN, "POST", "/images/explain?verified=registry", image.body()));
            assertThat(explanation.path("cause").asString()).isEqualTo("not-verified");
            assertThat(explanation.path("outcome").asString()).isEqualTo("unknown");
        }

        @Test
        void explain_invalidatedByAWebhook_hasTheEvent() {
            Sample image = Sample.image("::", "harbor.example.com/acme/app");
            send(ADMIN, "PUT", image.path(), image.body());
            step();
            deleteTag("acme/app", image.value().replaceFirst(".*:", ""));
            JsonNode explanation = explain(ADMIN, image);
            assertThat(explanation.path("cause").asString()).isEqualTo("invalidated");
            assertThat(explanation.at("/event/detail").asString()).contains("harbor");
        }

        @ParameterizedTest
        @MethodSource("samples")
        void explain_obeysTheLimitsOfAToken(Sample entry) {
            String limited = token("read", ",\"limits\":{\"scopes\":[\"dns:///other.example.com:*\"]}");
            assertProblem(send(limited, "POST", path(entry), entry.body()), 403, "forbidden");
            String granted = token("read", ",\"limits\":{\"scopes\":[\"dns:///example.union.ai:*\"]}");
            send(ADMIN, "PUT", entry.path(), entry.body());
            String elsewhere = entry.body().replace("example.union.ai:proj", "other.example.com:proj");
            assertThat(json(send(limited, "POST", path(entry), elsewhere)).toString()).doesNotContain(entry.value());
            assertThat(explain(granted, entry).path("cause").asString()).isEqualTo("here");
        }

        @Test
        void explain_withoutAllParts_is400() {
            assertProblem(send(ADMIN, "POST", "/images/explain", "{\"scope\":\"::\"}"), 400, "malformed-body");
            assertProblem(send(ADMIN, "POST", "/bundles/explain", "{\"scope\":\"::\"}"), 400, "malformed-body");
        }

        private JsonNode explain(String token, Sample entry) {
            HttpResponse<String> response = send(token, "POST", path(entry), entry.body());
            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
            return json(response);
        }

        private static String path(Sample entry) {
            return entry.path().replaceFirst("/[^/]*$", "/explain");
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
