package dev.dejavu.bundle;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.CacheHttpContract;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.WithDocker;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

class BundleHttpTests {

    private static final AtomicInteger count = new AtomicInteger();

    abstract static class Contract extends CacheHttpContract {

        @Override
        protected String path() {
            return "/bundles";
        }

        @Override
        protected String keyName() {
            return "digest";
        }

        @Override
        protected String valueName() {
            return "remote_path";
        }

        @Override
        protected List<String> members() {
            return List.of("digest", "hash_digest", "remote_path", "created_at", "expires_at");
        }

        @Override
        protected String newValue() {
            return "s3://acme-flyte/http/fast%d.tar.gz".formatted(count.incrementAndGet());
        }

        @Override
        protected String body(String value) {
            return body("13164aad67360d377c32433a5f57ae8f", value);
        }

        @ParameterizedTest
        @ValueSource(ints = { 32, 40, 64, 96, 128 })
        void bundle_digestOfAnyUsualLength_isAKey(int length) {
            String digest = (Keys.next().hex() + Keys.next().hex()).substring(0, length);
            assertThat(http.put("/bundles/" + digest, body(newValue())).statusCode()).isEqualTo(201);
            assertThat(json(http.get("/bundles/" + digest)).path("digest").asString()).isEqualTo(digest);
        }

        // the golden vector of the Flyte client
        @Test
        void bundle_partsMatchingTheKey_areStored() {
            String key = "b603156a8a87bb0ac3e9ae00e4e545c7afb76c87746a459c070d84ce505c950e";
            String body = parts("dns:///example.union.ai:proj:dev", "13164aad67360d377c32433a5f57ae8f");
            assertThat(http.put("/bundles/" + key, body).statusCode()).isEqualTo(201);
            JsonNode bundle = json(http.get("/bundles/" + key));
            assertThat(bundle.path("hash_digest").asString()).isEqualTo("0cc175b9c0f1b6a831c399e269772661");
            assertThat(bundle.path("scope").asString()).isEqualTo("dns:///example.union.ai:proj:dev");
            assertThat(bundle.path("files_digest").asString()).isEqualTo("13164aad67360d377c32433a5f57ae8f");
            assertProblem(http.put("/bundles/" + key, body.replace("/dev/", "/prod/")), 422, "value-mismatch");
            assertProblem(http.put("/bundles/" + key, body.replace("s3:", "github:")), 422, "remote-path-not-allowed");
            assertThat(json(http.get("/bundles/" + key))).isEqualTo(bundle);
            assertProblem(http.put(path(Keys.next()), body), 422, "key-mismatch", key);
        }

        @ParameterizedTest
        @ValueSource(strings = { "'scope':'::'", "'files_digest':'13164aad67360d377c32433a5f57ae8f'" })
        void bundle_incompleteParts_is400AndNamesThem(String parts) {
            String body = body(newValue()).replace("}", ",%s}".formatted(parts).replace('\'', '"'));
            assertProblem(http.put(path(Keys.next()), body), 400, "malformed-body", "files_digest");
        }

        @Test
        void bundle_partBeyondItsBound_is422() {
            assertProblem(http.put(path(Keys.next()), parts("s".repeat(513), "a")), 422, "too-long", "scope must have");
            assertProblem(http.put(path(Keys.next()), parts("s", "a".repeat(129))), 422, "too-long",
                    "files_digest must have");
        }

        @ParameterizedTest
        @ValueSource(strings = { "\", \"", "\",\n        \"" })
        void bundle_lookupOfTheMostAndLongestKeysFits(String separator) {
            String body = IntStream.range(0, 1000)
                .mapToObj("%0128x"::formatted)
                .collect(Collectors.joining(separator, "{\"digests\": [\"", "\"]}"));
            assertThat(json(http.post("/bundles/lookup", body)).path("missing")).hasSize(1000);
        }

        @Test
        void bundle_fingerprint_isReturnedUntilAPutWithoutIt() {
            assertOptionalText("fingerprint", 128);
        }

        // scope dns:///x:proj and files_digest dev:1316 make the key of dns:///x:proj:dev
        // and 1316
        @Test
        void bundle_filesDigestWithAColon_is400() {
            assertProblem(http.put(path(Keys.next()), parts("dns:///x:proj", "dev:1316")), 400, "malformed-body",
                    "files_digest");
        }

        @ParameterizedTest
        @CsvSource({ "'', must not be empty", "a b, 'letters, digits, dots, hyphens and _ alone'", "\u00e9, letters" })
        void bundle_filesDigestMalformed_is400AndSaysHow(String digest, String detail) {
            assertProblem(http.put(path(Keys.next()), parts("s", digest)), 400, "malformed-body", "files_digest must");
            assertProblem(http.post("/bundles/explain", parts("s", digest)), 400, "malformed-body", detail);
        }

        @Test
        void bundle_hashDigestMissing_is400() {
            assertProblem(http.put(path(Keys.next()), "{\"remote_path\":\"s3://a/b\"}"), 400, "malformed-body",
                    "hash_digest");
        }

        @Test
        void bundle_hashDigestTooLongOrWithWhiteSpace_is422() {
            String longest = "x".repeat(256);
            assertThat(http.put(path(Keys.next()), body(longest, newValue())).statusCode()).isEqualTo(201);
            for (String bad : new String[] { longest + "x", "a b", " a", "a\\t", "a\\u0000", "a\\u2003b", "\\ud800",
                    "a\\u00a0" }) {
                assertProblem(http.put(path(Keys.next()), body(bad, newValue())), 422, "invalid-hash-digest",
                        "hash_digest");
            }
        }

        private static String body(String hashDigest, String remotePath) {
            return "{\"hash_digest\":\"%s\",\"remote_path\":\"%s\"}".formatted(hashDigest, remotePath);
        }

        private static String parts(String scope, String filesDigest) {
            return """
                    {"hash_digest":"0cc175b9c0f1b6a831c399e269772661","remote_path":"s3://acme-flyte/proj/dev/A5======/fast%2$s.tar.gz","scope":"%1$s","files_digest":"%2$s"}
                    """
                .formatted(scope, filesDigest);
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

    @Nested
    @WithDocker
    class OnDocker extends Contract {

    }

}
