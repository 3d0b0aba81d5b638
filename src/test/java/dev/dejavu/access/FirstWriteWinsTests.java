package dev.dejavu.access;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.Sample;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static org.assertj.core.api.Assertions.assertThat;

class FirstWriteWinsTests {

    @TestPropertySource(properties = "dejavu.access.first-write-wins=true")
    abstract static class Contract extends AccessHttpFixture {

        static Stream<Sample> samples() {
            return Stream.of(Sample.image(), Sample.bundle());
        }

        @ParameterizedTest
        @MethodSource("samples")
        void valueOfAnotherIsReplacedByAdministratorsAndWithIfMatchAlone(Sample entry) {
            String ada = token("write");
            String bob = token("write");
            assertThat(put(ada, entry).statusCode()).isEqualTo(201);
            // to say the same again makes it nobody else's
            assertThat(put(bob, entry).statusCode()).isEqualTo(200);
            assertProblem(put(bob, entry.other("a")), 409, "changed-by-another", "If-Match");
            assertThat(as(ada, "GET", entry.path()).body()).contains("\"" + entry.value() + "\"");
            assertThat(put(ada, entry.other("b")).statusCode()).isEqualTo(200);
            assertProblem(put(bob, entry), 409, "changed-by-another");
            assertProblem(putIf(bob, entry, "If-Match", "*"), 409, "changed-by-another");
            assertProblem(putIf(bob, entry, "If-None-Match", "\"other\""), 409, "changed-by-another");
            String tag = header(as(bob, "GET", entry.path()), "ETag");
            assertThat(putIf(bob, entry.other("c"), "If-Match", tag).statusCode()).isEqualTo(200);
            assertProblem(putIf(ada, entry.other("d"), "If-Match", tag), 412, "precondition-failed");
            assertThat(put(ADMIN, entry.other("e")).statusCode()).isEqualTo(200);
            assertThat(as(bob, "GET", entry.path()).body()).contains(entry.other("e").value());
        }

        @ParameterizedTest
        @MethodSource("samples")
        void valueIsTakenBackByItsAuthorAndAdministratorsAlone(Sample entry) {
            String ada = token("write");
            put(ada, entry);
            assertProblem(invalidate(token("write"), entry, "{}"), 409, "changed-by-another", "administrator");
            assertThat(as(ada, "GET", entry.path()).statusCode()).isEqualTo(200);
            assertThat(invalidate(ada, entry, "{}").statusCode()).isEqualTo(204);
            assertProblem(as(ada, "GET", entry.path()), 404, "miss");
            put(ada, entry);
            assertThat(invalidate(ADMIN, entry, "{}").statusCode()).isEqualTo(204);
            assertProblem(as(ada, "GET", entry.path()), 404, "miss");
        }

        @Test
        void fingerprintOfAnotherIsAValueThatMayBeAddedButNotChanged() {
            String ada = token("write");
            String bob = token("write");
            Sample bundle = Sample.bundle();
            put(ada, bundle);
            assertThat(put(bob, bundle.with("fingerprint", "a")).statusCode()).isEqualTo(200);
            assertProblem(put(bob, bundle.with("fingerprint", "b")), 409, "changed-by-another");
            assertProblem(put(bob, bundle), 409, "changed-by-another");
            assertThat(put(bob, bundle.with("fingerprint", "a")).statusCode()).isEqualTo(200);
            assertThat(as(bob, "GET", bundle.path()).body()).contains("\"fingerprint\":\"a\"");
            assertThat(put(ada, bundle.with("fingerprint", "b")).statusCode()).isEqualTo(200);
        }

        @Test
        void buildOfAnotherIsNoOtherValue() {
            Sample image = Sample.image();
            put(token("write"), image.with("build_run", "a"));
            String bob = token("write");
            assertThat(put(bob, image.with("build_run", "b")).statusCode()).isEqualTo(200);
            assertThat(as(bob, "GET", image.path()).body()).contains("\"build_run\":\"b\"");
        }

        @Test
        void expiredAndRemovedValuesAreNobodys() {
            Sample image = Sample.image();
            put(token("write"), image);
            assertThat(as(ADMIN, "DELETE", image.path()).statusCode()).isEqualTo(204);
            assertThat(put(token("write"), image.other("a")).statusCode()).isEqualTo(201);
            clock.advance(java.time.Duration.ofDays(30));
            assertThat(put(token("write"), image.other("b")).statusCode()).isEqualTo(201);
        }

        @Test
        void valueThatAnEventMadeUntrueWhereNobodyCanCheckItProtectsNobody() {
            Sample image = Sample.image(Sample.SCOPE, "registry.example.com/acme/lost");
            String ada = token("write");
            String bob = token("write");
            put(ada, image);
            assertProblem(put(bob, image.other("a")), 409, "changed-by-another");
            String event = """
                    {"detail-type": "ECR Image Action", "detail": {"action-type": "DELETE", "result": "SUCCESS",
                    "repository-name": "acme/lost"}}""";
            assertThat(http
                .send("POST", "/webhooks/ecr", BodyPublishers.ofString(event), "Content-Type", "application/json",
                        "X-Api-Key", ADMIN)
                .statusCode()).isEqualTo(204);
            assertThat(put(bob, image.other("a")).statusCode()).isEqualTo(200);
            assertThat(as(bob, "GET", image.path()).body()).contains(image.other("a").value());
            assertProblem(put(ada, image), 409, "changed-by-another");
        }

        @Test
        void ofManyAtOnceOneWins() throws Exception {
            Sample image = Sample.image();
            List<Callable<HttpResponse<String>>> calls = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                String token = token("write");
                Sample value = image.other("n" + i);
                calls.add(() -> put(token, value));
            }
            try (ExecutorService executor = Executors.newFixedThreadPool(8)) {
                List<Integer> statuses = executor.invokeAll(calls)
                    .stream()
                    .map(Future::resultNow)
                    .map(HttpResponse::statusCode)
                    .toList();
                assertThat(statuses).filteredOn((status) -> status == 201).hasSize(1);
                assertThat(statuses).filteredOn((status) -> status == 409).hasSize(7);
            }
        }

        private HttpResponse<String> putIf(String token, Sample entry, String condition, String tag) {
            return http.send("PUT", entry.path(), BodyPublishers.ofString(entry.body()), "Content-Type",
                    "application/json", "Authorization", "Bearer " + token, condition, tag);
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
