package dev.dejavu.image;

import java.time.Clock;
import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.dejavu.api.SharingProperties;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.TimeToLive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class ImageRequestTests {

    private static final TimeToLive TTL = new TimeToLive(Duration.ofDays(30), Clock.systemUTC());

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

    private static CachedImage image(String uri, boolean acceptLocal) {
        return new ImageRequest(uri, null, null, null, null).toImage(CacheKey.hashOf(uri), TTL,
                new SharingProperties(acceptLocal));
    }

}
