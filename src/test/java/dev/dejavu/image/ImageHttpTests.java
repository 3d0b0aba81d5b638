package dev.dejavu.image;

import java.net.http.HttpResponse;
import java.util.Collections;
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
import dev.dejavu.cache.Sha256;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.WithDocker;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

class ImageHttpTests {

    private static final AtomicInteger count = new AtomicInteger();

    private static final String KEY = "5345e0446eb2b640998144060613acae8f389060a58bf8cf5db30e2740a1060e";

    abstract static class Contract extends CacheHttpContract {

        @Override
        protected String path() {
            return "/images";
        }

        @Override
        protected String keyName() {
            return "hash";
        }

        @Override
        protected String valueName() {
            return "image_uri";
        }

        @Override
        protected List<String> members() {
            return List.of("hash", "image_uri", "created_at", "expires_at", "verified_by", "verified_at");
        }

        @Override
        protected String newValue() {
            return "ghcr.io/acme/http:v" + count.incrementAndGet();
        }

        @Override
        protected String body(String value) {
            return "{\"image_uri\":\"" + value + "\"}";
        }

        // the golden vectors of the Flyte client
        @ParameterizedTest
        @CsvSource({ "linux/amd64, 5345e0446eb2b640998144060613acae8f389060a58bf8cf5db30e2740a1060e",
                "'linux/arm64,linux/amd64', eaf0dcbef56662c90ce907598d1be91ff230da8bdd043492749705faef5811c9",
                "'linux/amd64,linux/arm64', eaf0dcbef56662c90ce907598d1be91ff230da8bdd043492749705faef5811c9" })
        void image_partsMatchingTheKey_areStoredSortedWithTheirUri(String platforms, String key) {
            HttpResponse<String> response = http.put("/images/" + key,
                    parts("dns:///example.union.ai:proj:dev", "ghcr.io/acme/my-app", "v1.0", platforms));
            assertThat(response.statusCode()).as(response.body()).isIn(200, 201);
            JsonNode image = json(http.get("/images/" + key));
            assertThat(image.path("image_uri").asString()).isEqualTo("ghcr.io/acme/my-app:v1.0");
            assertThat(image.path("scope").asString()).isEqualTo("dns:///example.union.ai:proj:dev");
            assertThat(image.path("repository").asString()).isEqualTo("ghcr.io/acme/my-app");
            assertThat(image.path("tag").asString()).isEqualTo("v1.0");
            assertThat(image.path("platforms")).extracting(JsonNode::asString)
                .isSorted()
                .containsExactlyInAnyOrder(platforms.split(","));
        }

        @ParameterizedTest
        @ValueSource(strings = { "ghcr.io/acme/my-app:v1.0",
                "ghcr.io/acme/my-app:v1.0@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" })
        void image_uriThatThePartsMake_isStored(String uri) {
            HttpResponse<String> response = http.put("/images/" + KEY, withUri(uri));
            assertThat(response.statusCode()).as(response.body()).isIn(200, 201);
            assertThat(json(http.get("/images/" + KEY)).path("image_uri").asString()).isEqualTo(uri);
        }

        @ParameterizedTest
        @ValueSource(strings = { "ghcr.io/evil/miner:v1.0", "ghcr.io/acme/my-app:v1.1", "ghcr.io/acme/my-app:v1.0.1",
                "ghcr.io/acme/my-app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                "evil.example.com/ghcr.io/acme/my-app:v1.0", "GHCR.io/acme/my-app:v1.0" })
        void image_uriOfOtherParts_is422AndNotStored(String uri) {
            http.delete("/images/" + KEY);
            assertProblem(http.put("/images/" + KEY, withUri(uri)), 422, "value-mismatch", "ghcr.io/acme/my-app:v1.0");
            assertProblem(http.get("/images/" + KEY), 404, "miss");
        }

        @Test
        void image_partsOfALocalUri_is422() {
            for (String repository : List.of("myrepo", "localhost:30000/flyte")) {
                String key = Sha256.hex("::" + ":" + repository + ":v1.0:linux/amd64");
                assertProblem(http.put("/images/" + key, parts("::", repository, "v1.0", "linux/amd64")), 422,
                        "not-shareable");
            }
        }

        // scope s:registry.example.com and repository 5000/app make the same key
        @ParameterizedTest
        @CsvSource({ "s, registry.example.com, 5000/app:v1, linux/amd64, 422, invalid-image-uri",
                "s, ghcr.io/acme/app, v1@sha256:" + KEY + ", linux/amd64, 422, invalid-image-uri",
                "s:registry.example.com, 5000/app, v1, linux/amd64, 422, invalid-image-uri",
                "s, registry.example.com:5000/app, v1:linux/amd64, a, 422, invalid-image-uri",
                "s, registry.example.com:5000/app:v1, linux/amd64, a, 422, invalid-image-uri",
                "s, registry.example.com, 5000/app, v1:linux/amd64, 400, malformed-body" })
        void image_partsThatSplitTheSameKeyElsewhere_areRefused(String scope, String repository, String tag,
                String platform, int status, String problem) {
            String key = Sha256.hex(String.join(":", scope, repository, tag, platform));
            assertProblem(http.put("/images/" + key, parts(scope, repository, tag, platform)), status, problem);
        }

        @Test
        void image_partsOfAnotherKey_is422() {
            assertProblem(http.put(path(Keys.next()), parts("::", "myrepo", "v1.0", "linux/amd64")), 422,
                    "key-mismatch", "f12d32cf5a14c2861c36a3889e8d9ac76c19f71746a9f6acdbd70630b7619a9f");
        }

        @ParameterizedTest
        @ValueSource(strings = { "'scope':'::'", "'platforms':['linux/amd64']",
                "'scope':'::','repository':'r','tag':'t'", "'repository':'r','tag':'t','platforms':['linux/amd64']",
                "'scope':'::','repository':'r','tag':'t','platforms':[]",
                "'scope':'::','repository':'r','tag':'t','platforms':[null]",
                "'scope':'::','repository':'r','tag':'t','platforms':['a,b']",
                "'scope':'::','repository':'r','tag':'t','platforms':['']",
                "'scope':'::','repository':'r','tag':'t','platforms':'linux/amd64'" })
        void image_incompleteParts_is400AndNamesThem(String parts) {
            String body = "{'image_uri':'ghcr.io/acme/my-app:v1.0',%s}".formatted(parts).replace('\'', '"');
            assertProblem(http.put(path(Keys.next()), body), 400, "malformed-body", "platforms");
        }

        @Test
        void image_partsUpToTheirBounds_areStored() {
            String platforms = IntStream.range(0, 16)
                .mapToObj((n) -> "linux/" + "a".repeat(56) + (10 + n))
                .collect(Collectors.joining(","));
            String scope = "s".repeat(512);
            String repository = "ghcr.io/" + "r".repeat(247);
            String tag = "t".repeat(128);
            String key = Sha256.hex(String.join(":", scope, repository, tag, platforms));
            assertThat(http.put("/images/" + key, parts(scope, repository, tag, platforms)).statusCode())
                .isEqualTo(201);
        }

        @ParameterizedTest
        @CsvSource({ "513,1,1,1,1,scope", "1,256,1,1,1,repository", "1,1,129,1,1,tag", "1,1,1,17,1,platforms",
                "1,1,1,1,65,platforms[]" })
        void image_partBeyondItsBound_is422(int scope, int repository, int tag, int platforms, int platform,
                String member) {
            String body = parts("s".repeat(scope), "r".repeat(repository), "t".repeat(tag),
                    String.join(",", Collections.nCopies(platforms, "p".repeat(platform))));
            assertProblem(http.put(path(Keys.next()), body), 422, "too-long", member + " must have");
        }

        @Test
        void image_buildRun_isReturnedUntilAPutWithoutIt() {
            assertOptionalText("build_run", 512);
        }

        @Test
        void image_partThatNoDatabaseCanStore_is400() {
            for (String scope : new String[] { "a\\u0000b", "\\ud800", "a\\nb" }) {
                assertProblem(http.put(path(Keys.next()), parts(scope, "r", "t", "linux/amd64")), 400, "malformed-body",
                        "scope");
            }
        }

        private static String withUri(String uri) {
            return parts("dns:///example.union.ai:proj:dev", "ghcr.io/acme/my-app", "v1.0", "linux/amd64")
                .replaceFirst("\\{", "{\"image_uri\":\"" + uri + "\",");
        }

        private static String parts(String scope, String repository, String tag, String platforms) {
            return """
                    {"scope":"%s","repository":"%s","tag":"%s","platforms":["%s"]}
                    """.formatted(scope, repository, tag, platforms.replace(",", "\",\""));
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
