package dev.dejavu.image;

import java.time.Clock;
import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

import dev.dejavu.api.SharingProperties;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.TimeToLive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class ImageRequestTests {

    private static final SharingProperties.Scopes NO_SCOPES = new SharingProperties.Scopes(List.of());

    private static final TimeToLive TTL = new TimeToLive(Duration.ofDays(30), Duration.ofDays(7), Clock.systemUTC());

    @ParameterizedTest
    @ValueSource(strings = { "my-app:v1", "library/debian:12", "gh_cr.io/a:v1", "a/b/c:1", "localhost/x:1",
            "localhost:30000/flyte:abc123", "LOCALHOST:30000/x:1", "127.0.0.1/x:1", "127.8.9.10:5000/x:1",
            "127.1:5000/x:1", "[::1]:5000/x:1", "[0:0:0:0:0:0:0:1]/x:1", "[::ffff:127.0.0.1]/x:1",
            "host.docker.internal:5000/x:1", "0.0.0.0:5000/x:1", "registry.localhost/x:1", "localhost.:5000/x:1",
            "[::]/x:1", "ip6-localhost:5000/x:1" })
    void localImageIsRejectedUnlessAccepted(String text) {
        assertThatExceptionOfType(ProblemException.class).isThrownBy(() -> image(text, false))
            .matches((ex) -> ex.problem() == Problem.NOT_SHAREABLE);
        assertThat(image(text, true).imageUri()).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = { "ghcr.io/acme/my-app:v1.0", "10.0.0.5:5000/x:1", "[2001:db8::1]:5000/x:1", "host:5000/x:1",
            "1.2.3.4/x:1" })
    void imageThatOthersCanReachIsAccepted(String text) {
        assertThat(image(text, false).imageUri()).isEqualTo(text);
    }

    @Test
    void invalidReferenceIsRejected() {
        assertThatExceptionOfType(ProblemException.class).isThrownBy(() -> image("ghcr.io/acme/my-app", true))
            .matches((ex) -> ex.problem() == Problem.INVALID_IMAGE_URI)
            .withMessageContaining("image_uri");
    }

    // the golden vectors of the Flyte client that no team can share
    @ParameterizedTest
    @CsvSource({ "::, myrepo, v1.0, linux/amd64, f12d32cf5a14c2861c36a3889e8d9ac76c19f71746a9f6acdbd70630b7619a9f",
            "dns:///localhost:30080:flytesnacks:development, localhost:30000/flyte, abc123, 'linux/arm64,linux/amd64',"
                    + " a83829d8fab5488c92e57e01dad58959a080a861d4b97547bf1f8f7e87011477" })
    void keyIsMadeOfItsParts(String scope, String repository, String tag, String platforms, String key) {
        assertThat(new ImageParts(scope, repository, tag, List.of(platforms.split(","))).key().hex()).isEqualTo(key);
    }

    @Test
    void uriBehindAPrefixIsAccepted() {
        assertThat(prefixed("registry.example.com/flyte/my-app:v1").imageUri())
            .isEqualTo("registry.example.com/flyte/my-app:v1");
        String pinned = "other.example.com:5000/my-app:v1@sha256:" + "0".repeat(64);
        assertThat(prefixed(pinned).imageUri()).isEqualTo(pinned);
        for (String other : List.of("registry.example.com/my-app:v1", "registry.example.com/flyte/my-app:v2",
                "registry.example.com/flyte/x/my-app:v1", "registry.example.com/flyte-my-app:v1")) {
            assertThatExceptionOfType(ProblemException.class).isThrownBy(() -> prefixed(other))
                .matches((ex) -> ex.problem() == Problem.VALUE_MISMATCH);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "flyte", "registry.example.com/", "https://registry.example.com", "a.example.com:x" })
    void prefixThatIsNoRegistryIsRefused(String prefix) {
        assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
            .isThrownBy(() -> new ImageCacheProperties(TTL.ttl(), List.of(prefix)))
            .withMessageContaining("dejavu.image.prefixes");
    }

    private static CachedImage prefixed(String uri) {
        ImageCacheProperties properties = new ImageCacheProperties(TTL.ttl(),
                List.of("registry.example.com/flyte", "other.example.com:5000"));
        ImageParts parts = new ImageParts("::", "my-app", "v1", List.of("linux/amd64"));
        return new ImageRequest(uri, "::", "my-app", "v1", List.of("linux/amd64"), null, null).toImage(parts.key(),
                properties, TTL, new SharingProperties(false, NO_SCOPES));
    }

    private static CachedImage image(String uri, boolean acceptLocal) {
        return new ImageRequest(uri, null, null, null, null, null, null).toImage(CacheKey.hashOf(uri),
                new ImageCacheProperties(TTL.ttl(), List.of()), TTL, new SharingProperties(acceptLocal, NO_SCOPES));
    }

}
