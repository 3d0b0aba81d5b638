package dev.dejavu.registry;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;

import dev.dejavu.registry.ImageStatus.Outcome;
import dev.dejavu.registry.ImageStatus.Reason;
import dev.dejavu.testing.Certificates;
import dev.dejavu.testing.ConnectProxy;
import dev.dejavu.testing.ScriptedRegistry;
import dev.dejavu.testing.ScriptedRegistry.Answer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * A mirror of Docker Hub, and a Hub that a proxy leads to.
 */
class DockerHubMirrorTests {

    private static final String HUB = "registry-1.docker.io";

    private static final String IMAGE = "index.docker.io/debian:12";

    @TempDir
    private static Path folder;

    private static Certificates certificate;

    private final ScriptedRegistry mirror = new ScriptedRegistry();

    private final ConnectProxy proxy = new ConnectProxy(null);

    private final DefaultSslBundleRegistry bundles = new DefaultSslBundleRegistry();

    private ScriptedRegistry hub;

    @BeforeAll
    static void make() {
        certificate = Certificates.create(folder, "hub", "dns:" + HUB);
    }

    @BeforeEach
    void start() {
        this.hub = new ScriptedRegistry(certificate.server(certificate), false);
        proxy.route(HUB + ":443", hub.host());
        bundles.registerBundle("hub", SslBundle
            .of(new PemSslStoreBundle(null, PemSslStoreDetails.forCertificate(certificate.certificatePem()))));
    }

    @AfterEach
    void stop() {
        proxy.close();
        hub.close();
        mirror.close();
    }

    @Test
    void whatTheMirrorHasIsThereAndTheHubIsNotAsked() throws IOException {
        mirror.image("12", "linux/amd64");
        assertThat(check("/hub/remote", "docker.io")).isEqualTo(Outcome.PRESENT);
        assertThat(mirror.takeRequests()).isNotEmpty()
            .allMatch((request) -> request.contains(" /v2/hub/remote/library/debian/"));
        assertThat(proxy.takeRequests()).isEmpty();
    }

    @Test
    void absenceIsTheHubsWordAlone() throws IOException {
        assertThat(check("", "docker.io")).isEqualTo(Outcome.ABSENT);
        hub.image("12", "linux/amd64");
        assertThat(check("", "docker.io")).isEqualTo(Outcome.PRESENT);
        mirror.play((request) -> Answer.of(503, ""));
        assertThat(check("", "docker.io")).isEqualTo(Outcome.PRESENT);
        hub.remove("12");
        assertThat(check("", "docker.io")).isEqualTo(Outcome.ABSENT);
    }

    @Test
    void hubThatCannotBeReachedOrMayNotBeAskedSaysNothing() throws IOException {
        hub.play((request) -> Answer.of(503, ""));
        assertThat(check("", "docker.io")).isEqualTo(Outcome.UNKNOWN);
        proxy.takeRequests();
        assertThat(check("", "ghcr.io")).isEqualTo(Outcome.UNKNOWN);
        mirror.image("12", "linux/amd64");
        assertThat(check("", "ghcr.io")).isEqualTo(Outcome.PRESENT);
        assertThat(proxy.takeRequests()).isEmpty();
    }

    @Test
    void mirrorThatDoesNotAnswerLeavesTimeForTheHub() throws IOException {
        hub.image("12", "linux/amd64");
        mirror.play((request) -> {
            try {
                Thread.sleep(20_000);
            }
            catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
            }
            return null;
        });
        assertThat(check("", "docker.io")).isEqualTo(Outcome.PRESENT);
    }

    @Test
    void mirrorGetsItsOwnLogin() throws IOException {
        mirror.image("12", "linux/amd64");
        String login = Base64.getEncoder().encodeToString("ada:secret".getBytes(StandardCharsets.UTF_8));
        mirror.play((request) -> request.authorization().equals("Basic " + login) ? mirror.serve(request)
                : Answer.error(401, "UNAUTHORIZED", "WWW-Authenticate", "Basic realm=\"r\""));
        Path config = Files.writeString(folder.resolve("config.json"),
                "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}".formatted(mirror.host(), login));
        assertThat(check("", "docker.io", "docker-config", config.toString())).isEqualTo(Outcome.PRESENT);
        assertThat(proxy.takeRequests()).isEmpty();
    }

    @Test
    void mirrorMayBeItsOwnTokenServerAndLeadToItself() throws IOException {
        mirror.image("12", "linux/amd64");
        mirror.play((request) -> request.path().equals("/token") ? Answer.of(200, "{\"token\":\"t\"}")
                : !request.authorization().equals("Bearer t")
                        ? Answer.error(401, "UNAUTHORIZED", "WWW-Authenticate",
                                "Bearer realm=\"http://" + mirror.host() + "/token\"")
                        : request.path().contains("/moved/") ? mirror.serve(request)
                                : Answer.of(307, "", "Location", request.path().replace("/library/", "/moved/")));
        assertThat(check("", "docker.io")).isEqualTo(Outcome.PRESENT);
        assertThat(proxy.takeRequests()).isEmpty();
    }

    @Test
    void imagesOfOtherRegistriesAreNotAskedAtTheMirror() throws IOException {
        try (RegistryClient registries = client("", "docker.io")) {
            assertThat(registries.registryOf("quay.io/acme/app:v1")).isNull();
            assertThat(registries.registryOf(IMAGE)).isEqualTo("docker.io");
            assertThat(registries.registryOf(mirror.host() + "/acme/app:v1")).isNull();
            assertThat(registries.check(mirror.host() + "/acme/app:v1", List.of()).reason())
                .isEqualTo(Reason.NOT_ASKED);
        }
        assertThat(mirror.takeRequests()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = { "https://mirror.example.com", "mirror.example.com/Remote", "*.example.com", "a b" })
    void anythingElseIsNoMirror(String text) {
        assertThatExceptionOfType(BindException.class)
            .isThrownBy(() -> RegistrySettings.of(List.of("docker.io"), "docker-hub-mirror", text));
    }

    private Outcome check(String prefix, String allowed, String... more) throws IOException {
        try (RegistryClient registries = client(prefix, allowed, more)) {
            return registries.check(IMAGE, List.of("linux/amd64")).outcome();
        }
    }

    private RegistryClient client(String prefix, String allowed, String... more) {
        String[] settings = { "plain-http", mirror.host(), "ssl-bundle", "hub", "timeout", "10s", "proxy",
                "http://127.0.0.1:" + proxy.port(), "docker-hub-mirror", mirror.host() + prefix,
                more.length > 0 ? more[0] : "docker-config", more.length > 1 ? more[1] : "" };
        return RegistrySettings.client(bundles, List.of(allowed), settings);
    }

}
