package dev.dejavu.image;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.dejavu.api.SharingProperties;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

class ImageReferenceTests {

    private static final String SHA256 = "sha256:" + "0a".repeat(32);

    @ParameterizedTest
    @ValueSource(
            strings = { "ghcr.io/acme/my-app:v1.0", "ghcr.io/acme/my-app", "registry.example.com:5000/a/b/c_d/e__f",
                    "REGISTRY.example.com/x", "REGISTRY/x", "10.0.0.5:5000/x", "[2001:db8::1]:5000/x", "host:5000/x",
                    "a-b.c/x--y/z.w", "1.2.3.4/x", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/x" })
    void referenceIsShareable(String name) {
        for (String end : new String[] { ":v1.0", ":_a.B-c", ":" + "t".repeat(128), "@" + SHA256, ":v1@" + SHA256,
                "@sha512:" + "0a".repeat(64) }) {
            String text = name.replaceFirst(":v1\\.0$", "") + end;
            assertThat(ImageReference.parse(text).isLocal()).as(text).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = { "my-app:v1", "library/debian:12", "gh_cr.io/a:v1", "a/b/c:1", "localhost/x:1",
            "localhost:30000/flyte:abc123", "LOCALHOST:30000/x:1", "127.0.0.1/x:1", "127.8.9.10:5000/x:1",
            "127.1:5000/x:1", "[::1]:5000/x:1", "[0:0:0:0:0:0:0:1]/x:1", "[::ffff:127.0.0.1]/x:1",
            "host.docker.internal:5000/x:1", "0.0.0.0:5000/x:1", "registry.localhost/x:1", "localhost.:5000/x:1",
            "[::]/x:1", "ip6-localhost:5000/x:1" })
    void referenceThatOneMachineAloneCanReachIsLocal(String text) {
        assertThat(ImageReference.parse(text).isLocal()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = { "ghcr.io/acme/my-app", "", " ", ":v1", "ghcr.io/acme/:v1", "ghcr.io/acme/my-app:",
            "ghcr.io/Acme/my-app:v1", "ghcr.io/acme/my-app:v 1", "ghcr.io//my-app:v1", "ghcr.io/acme/my-app:-v1",
            "https://ghcr.io/acme/my-app:v1", "ghcr.io/acme/my-app@sha256:abc", "ghcr.io/a_/b:v1", "ghcr.io/.a/b:v1",
            "ghcr.io/acme/my-app:v1@sha256:" + "0A0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
            "-ghcr.io/a:v1", "ghcr-.io/a:v1", "ghcr..io/a:v1", "ghcr.io:/a:v1", "ghcr.io:123456/a:v1",
            "ghcr.io/acme/my-app:v1\n", "ghcr.io/acme/my-app:\u00e9", "[::1/x:1", "ghcr.io/a:v1:v2", "ghcr.io/a@v1" })
    void anythingElseIsRefused(String text) {
        assertThatExceptionOfType(ProblemException.class).isThrownBy(() -> ImageReference.parse(text))
            .matches((ex) -> ex.problem() == Problem.INVALID_IMAGE_URI)
            .withMessageContaining("image_uri");
    }

    @Test
    void lengthIsBounded() {
        String name = "ghcr.io/" + "a".repeat(512 - "ghcr.io/".length() - ":v1".length());
        assertThat(ImageReference.parse(name + ":v1").isLocal()).isFalse();
        assertThatExceptionOfType(ProblemException.class).isThrownBy(() -> ImageReference.parse(name + "a:v1"));
    }

    @Test
    void hostileTextIsRefusedQuickly() {
        for (String piece : new String[] { "a-", "a.", "a/", "a__", "-", "a" }) {
            assertThatExceptionOfType(ProblemException.class)
                .isThrownBy(() -> ImageReference.parse(piece.repeat(512 / piece.length() - 1) + "!"));
        }
    }

    @Test
    void localIsRefusedUnlessAccepted() {
        assertThatNoException().isThrownBy(() -> new SharingProperties(true).requireShareable(true, "local"));
        assertThatNoException().isThrownBy(() -> new SharingProperties(false).requireShareable(false, "local"));
        assertThatExceptionOfType(ProblemException.class)
            .isThrownBy(() -> new SharingProperties(false).requireShareable(true, "local"))
            .matches((ex) -> ex.problem() == Problem.NOT_SHAREABLE);
    }

}
