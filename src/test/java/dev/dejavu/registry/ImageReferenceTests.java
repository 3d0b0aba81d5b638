package dev.dejavu.registry;

import java.util.List;
import java.util.Objects;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class ImageReferenceTests {

    private static final String SHA256 = "sha256:" + "0a".repeat(32);

    @ParameterizedTest
    @ValueSource(
            strings = { "ghcr.io/acme/my-app:v1.0", "ghcr.io/acme/my-app", "registry.example.com:5000/a/b/c_d/e__f",
                    "REGISTRY.example.com/x", "REGISTRY/x", "10.0.0.5:5000/x", "[2001:db8::1]:5000/x", "host:5000/x",
                    "a-b.c/x--y/z.w", "1.2.3.4/x", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/x" })
    void referenceIsParsed(String name) {
        for (String end : new String[] { ":v1.0", ":_a.B-c", ":" + "t".repeat(128), "@" + SHA256, ":v1@" + SHA256,
                "@sha512:" + "0a".repeat(64) }) {
            String text = name.replaceFirst(":v1\\.0$", "") + end;
            assertThat(ImageReference.parse(text)).as(text).isNotNull();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = { "ghcr.io/acme/my-app", "", " ", ":v1", "ghcr.io/acme/:v1", "ghcr.io/acme/my-app:",
            "ghcr.io/Acme/my-app:v1", "ghcr.io/acme/my-app:v 1", "ghcr.io//my-app:v1", "ghcr.io/acme/my-app:-v1",
            "https://ghcr.io/acme/my-app:v1", "ghcr.io/acme/my-app@sha256:abc", "ghcr.io/a_/b:v1", "ghcr.io/.a/b:v1",
            "ghcr.io/acme/my-app:v1@sha256:" + "0A0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
            "-ghcr.io/a:v1", "ghcr-.io/a:v1", "ghcr..io/a:v1", "ghcr.io:/a:v1", "ghcr.io:123456/a:v1",
            "ghcr.io/acme/my-app:v1\n", "ghcr.io/acme/my-app:\u00e9", "[::1/x:1", "ghcr.io/a:v1:v2", "ghcr.io/a@v1" })
    void anythingElseIsNotAReference(String text) {
        assertThat(ImageReference.parse(text)).isNull();
    }

    @Test
    void lengthIsBounded() {
        String name = "ghcr.io/" + "a".repeat(ImageReference.MAX_LENGTH - "ghcr.io/".length() - ":v1".length());
        assertThat(ImageReference.parse(name + ":v1")).isNotNull();
        assertThat(ImageReference.parse(name + "a:v1")).isNull();
    }

    @Test
    void hostileTextIsRejectedQuickly() {
        for (String piece : new String[] { "a-", "a.", "a/", "a__", "-", "a" }) {
            assertThat(ImageReference.parse(piece.repeat(512 / piece.length() - 1) + "!")).isNull();
        }
    }

    @ParameterizedTest
    @CsvSource({ "my-app:v1,'',my-app", "library/debian:12,'',library/debian", "gh_cr.io/a:v1,'',gh_cr.io/a",
            "localhost/x:1,localhost,x", "LOCALHOST:30000/x:1,localhost:30000,x", "REGISTRY/x:1,registry,x",
            "[::1]:5000/x/y:1,[::1]:5000,x/y", "docker.io/debian:12,docker.io,debian" })
    void registryAndNameAreParsed(String text, String registry, String name) {
        assertThat(ImageReference.parse(text)).extracting(ImageReference::registry, ImageReference::name)
            .containsExactly(registry, name);
    }

    @Test
    void hostHasNoPort() {
        assertThat(List.of("ghcr.io/x:1", "host:5000/x:1", "[::1]:5000/x:1", "[::1]/x:1"))
            .extracting((text) -> reference(text).host())
            .containsExactly("ghcr.io", "host", "[::1]", "[::1]");
    }

    @Test
    void digestTakesPrecedenceOverTheTag() {
        assertThat(reference("ghcr.io/a:v1").tagOrDigest()).isEqualTo("v1");
        assertThat(reference("ghcr.io/a:v1@" + SHA256).tagOrDigest()).isEqualTo(SHA256);
    }

    @Test
    void dockerHubAddsAPrefixToOfficialImages() {
        ImageReference official = reference("docker.io/debian:12");
        assertThat(official.endpoint() + "/" + official.apiName()).isEqualTo("registry-1.docker.io/library/debian");
        assertThat(official.repository()).isEqualTo("docker.io/debian");
        ImageReference other = reference("ghcr.io/debian:12");
        assertThat(other.endpoint() + "/" + other.apiName()).isEqualTo("ghcr.io/debian");
    }

    @ParameterizedTest
    @CsvSource({ "docker.io/debian:12,docker.io/debian", "docker.io/library/debian:12,docker.io/debian",
            "index.docker.io/debian:12,docker.io/debian", "registry-1.docker.io:443/library/debian:12,docker.io/debian",
            "registry.hub.docker.com/acme/app:1,docker.io/acme/app", "docker.io/library/a/b:1,docker.io/library/a/b",
            "GHCR.io./acme/app:1,ghcr.io/acme/app", "ghcr.io:443/acme/app:1,ghcr.io/acme/app",
            "ghcr.io/library/app:1,ghcr.io/library/app", "ghcr.io.:443/acme/app:1,ghcr.io/acme/app",
            "ghcr.io:4430/acme/app:1,ghcr.io:4430/acme/app", "[::1]:443/app:1,[::1]/app", "[::443]/app:1,[::443]/app",
            "host:80/app:1,host:80/app", "debian:12,debian", "library/debian:12,library/debian" })
    void repositoryHasOneCanonicalName(String text, String repository) {
        assertThat(reference(text).canonicalRepository()).isEqualTo(repository);
    }

    private static ImageReference reference(String text) {
        return Objects.requireNonNull(ImageReference.parse(text));
    }

}
