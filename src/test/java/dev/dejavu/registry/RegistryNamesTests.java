package dev.dejavu.registry;

import java.util.List;
import java.util.Objects;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class RegistryNamesTests {

    private final RegistryNames names = new RegistryNames(List.of("Plain.example.com", "plain.example.com:5000"));

    @ParameterizedTest
    @CsvSource({ "ghcr.io,ghcr.io,https", "GHCR.io.:443,ghcr.io,https", "ghcr.io:80,ghcr.io:80,https",
            "index.docker.io:443,docker.io,https", "plain.example.com,plain.example.com,http",
            "PLAIN.example.com.:80,plain.example.com,http", "plain.example.com:5000,plain.example.com:5000,http",
            "plain.example.com:443,plain.example.com:443,https", "plain.example.com:5001,plain.example.com:5001,https",
            "[::1]:443,[::1],https", "'','',https" })
    void registryHasOneNameAndOneScheme(String host, String canonical, String scheme) {
        assertThat(names.canonical(host)).isEqualTo(canonical);
        assertThat(names.scheme(host)).isEqualTo(scheme);
    }

    @ParameterizedTest
    @CsvSource({ "index.docker.io/library/debian:12,docker.io,debian", "docker.io/acme/app:1,docker.io,acme/app",
            "plain.example.com:80/library/app:1,plain.example.com,library/app" })
    void imageHasOneName(String text, String registry, String name) {
        ImageReference reference = names.canonical(Objects.requireNonNull(ImageReference.parse(text)));
        assertThat(reference).extracting(ImageReference::registry, ImageReference::name, ImageReference::tag)
            .containsExactly(registry, name, text.substring(text.lastIndexOf(':') + 1));
    }

}
