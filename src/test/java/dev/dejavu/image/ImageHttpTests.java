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
        @CsvSource(delimiter = '|',
                textBlock = """
                        dns:///example.union.ai:proj:dev | ghcr.io/acme/my-app | v1.0 | linux/amd64 | 5345e0446eb2b640998144060613acae8f389060a58bf8cf5db30e2740a1060e
                        dns:///example.union.ai:proj:dev | ghcr.io/acme/my-app | v1.0 | linux/arm64,linux/amd64 | eaf0dcbef56662c90ce907598d1be91ff230da8bdd043492749705faef5811c9
                        dns:///example.union.ai:proj:dev | ghcr.io/acme/my-app | v1.0 | linux/amd64,linux/arm64 | eaf0dcbef56662c90ce907598d1be91ff230da8bdd043492749705faef5811c9
                        :: | myrepo | v1.0 | linux/amd64 | f12d32cf5a14c2861c36a3889e8d9ac76c19f71746a9f6acdbd70630b7619a9f
                        dns:///localhost:30080:flytesnacks:development | localhost:30000/flyte | abc123 | linux/amd64,linux/arm64 | a83829d8fab5488c92e57e01dad58959a080a861d4b97547bf1f8f7e87011477
                        """)
        void image_partsMatchingTheKey_areStoredSorted(String scope, String repository, String tag, String platforms,
                String key) {
            HttpResponse<String> response = http.put("/images/" + key, parts(scope, repository, tag, platforms));
            assertThat(response.statusCode()).as(response.body()).isIn(200, 201);
            JsonNode image = json(http.get("/images/" + key));
            assertThat(image.path("scope").asString()).isEqualTo(scope);
            assertThat(image.path("repository").asString()).isEqualTo(repository);
            assertThat(image.path("tag").asString()).isEqualTo(tag);
            assertThat(image.path("platforms")).extracting(JsonNode::asString)
                .isSorted()
                .containsExactlyInAnyOrder(platforms.split(","));
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
            String repository = "r".repeat(255);
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
        void image_partThatNoDatabaseCanStore_is400() {
            for (String scope : new String[] { "a\\u0000b", "\\ud800", "a\\nb" }) {
                assertProblem(http.put(path(Keys.next()), parts(scope, "r", "t", "linux/amd64")), 400, "malformed-body",
                        "scope");
            }
        }

        private static String parts(String scope, String repository, String tag, String platforms) {
            return """
                    {"image_uri":"ghcr.io/acme/my-app:v1.0","scope":"%s","repository":"%s","tag":"%s","platforms":["%s"]}
                    """
                .formatted(scope, repository, tag, platforms.replace(",", "\",\""));
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
