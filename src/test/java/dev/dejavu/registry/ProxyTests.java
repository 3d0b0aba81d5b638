package dev.dejavu.registry;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;

import dev.dejavu.registry.ImageStatus.Outcome;
import dev.dejavu.registry.ImageStatus.Reason;
import dev.dejavu.testing.Certificates;
import dev.dejavu.testing.ConnectProxy;
import dev.dejavu.testing.ScriptedRegistry;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Registries that can be reached through a proxy alone: their names lead nowhere here.
 */
class ProxyTests {

    private static final String SECURE = "registry.test.example";

    private static final String PLAIN = "plain.test.example:5000";

    private static final String LOGIN = "Basic "
            + Base64.getEncoder().encodeToString("ada:p@ss:word".getBytes(StandardCharsets.UTF_8));

    @TempDir
    private static Path folder;

    private static Certificates certificate;

    private final DefaultSslBundleRegistry bundles = new DefaultSslBundleRegistry();

    private ScriptedRegistry secure;

    private final ScriptedRegistry plain = new ScriptedRegistry();

    private final ConnectProxy proxy = new ConnectProxy(null);

    @BeforeAll
    static void make() {
        certificate = Certificates.create(folder, "server", "dns:" + SECURE + ",dns:proxy.localhost,ip:127.0.0.1");
    }

    @BeforeEach
    void start() {
        this.secure = new ScriptedRegistry(certificate.server(certificate), false);
        secure.image("v1", "linux/amd64");
        plain.image("v1", "linux/amd64");
        proxy.route(SECURE + ":443", secure.host()).route(PLAIN, plain.host());
        bundles.registerBundle("company", SslBundle
            .of(new PemSslStoreBundle(null, PemSslStoreDetails.forCertificate(certificate.certificatePem()))));
    }

    @AfterEach
    void stop() {
        proxy.close();
        plain.close();
        secure.close();
    }

    @Test
    void registriesAreAskedThroughTheProxy() throws IOException {
        try (RegistryClient registries = client("http://127.0.0.1:" + proxy.port())) {
            assertThat(check(registries, SECURE).outcome()).isEqualTo(Outcome.PRESENT);
            assertThat(proxy.takeRequests()).containsExactly("CONNECT " + SECURE + ":443");
            assertThat(check(registries, PLAIN).outcome()).isEqualTo(Outcome.PRESENT);
            assertThat(proxy.takeRequests())
                .allMatch((request) -> request.contains(" http://" + PLAIN + "/v2/team/app"));
        }
    }

    @Test
    void proxyOverTlsIsAsked() throws IOException {
        try (ConnectProxy overTls = new ConnectProxy(certificate.server(certificate)).route(SECURE + ":443",
                secure.host()); RegistryClient registries = client("https://127.0.0.1:" + overTls.port())) {
            assertThat(check(registries, SECURE).outcome()).isEqualTo(Outcome.PRESENT);
            assertThat(overTls.takeRequests()).containsExactly("CONNECT " + SECURE + ":443");
        }
    }

    @Test
    void proxyGetsItsLoginAndNoOther() throws IOException {
        proxy.wantLogin(LOGIN);
        Path config = Files.writeString(folder.resolve("config.json"),
                "{\"auths\":{\"%s\":{\"username\":\"bob\",\"password\":\"secret\"}}}".formatted(SECURE));
        secure.play((request) -> {
            assertThat(request.authorization()).isNotEqualTo(LOGIN);
            return request.authorization().isEmpty()
                    ? ScriptedRegistry.Answer.error(401, "UNAUTHORIZED", "WWW-Authenticate", "Basic realm=\"r\"")
                    : secure.serve(request);
        });
        try (RegistryClient registries = RegistrySettings.client(bundles, List.of(SECURE, PLAIN), "plain-http", PLAIN,
                "docker-config", config.toString(), "ssl-bundle", "company", "timeout", "10s", "proxy",
                "http://ada:p%40ss%3Aword@127.0.0.1:" + proxy.port())) {
            assertThat(check(registries, SECURE).outcome()).isEqualTo(Outcome.PRESENT);
            assertThat(check(registries, PLAIN).outcome()).isEqualTo(Outcome.PRESENT);
            assertThat(proxy.takeRequests()).noneMatch((request) -> request.contains("with login"));
        }
    }

    @Test
    void proxyThatWantsAnotherLoginIsSaidToBeIt() throws IOException {
        proxy.wantLogin(LOGIN);
        for (String login : List.of("", "ada:wrong@")) {
            try (RegistryClient registries = client("http://" + login + "127.0.0.1:" + proxy.port())) {
                for (String host : List.of(SECURE, PLAIN)) {
                    ImageStatus status = check(registries, host);
                    assertThat(status.reason()).isEqualTo(Reason.PROXY_FAILED);
                    assertThat(status.detail()).contains("proxy", "407").doesNotContain("wrong");
                }
            }
        }
    }

    @Test
    void whatAProxyAnswersToConnectIsNoAnswerOfTheRegistry() throws IOException {
        try (RegistryClient registries = client("http://127.0.0.1:" + proxy.port(), "other.test.example")) {
            ImageStatus status = check(registries, "other.test.example");
            assertThat(status.outcome()).isEqualTo(Outcome.UNKNOWN);
            assertThat(status.reason()).isEqualTo(Reason.PROXY_FAILED);
            assertThat(status.detail()).contains("proxy", "404");
        }
    }

    @Test
    void proxyThatCannotBeReachedIsSaidToBeIt() throws IOException {
        int port = proxy.port();
        proxy.close();
        for (String address : List.of("127.0.0.1:" + port, "no-such-proxy.invalid:3128")) {
            try (RegistryClient registries = client("http://ada:secret@" + address)) {
                ImageStatus status = check(registries, SECURE);
                assertThat(status.reason()).isEqualTo(Reason.PROXY_FAILED);
                assertThat(status.detail()).contains("proxy", address).doesNotContain("secret");
            }
        }
    }

    @Test
    void exceptionsAndThisMachineAreAskedDirectly() throws IOException {
        try (RegistryClient registries = RegistrySettings.client(List.of(plain.host()), "proxy",
                "http://127.0.0.1:" + proxy.port(), "timeout", "10s")) {
            assertThat(check(registries, plain.host()).outcome()).isEqualTo(Outcome.PRESENT);
        }
        try (RegistryClient registries = RegistrySettings.client(List.of(PLAIN), "proxy",
                "http://127.0.0.1:" + proxy.port(), "no-proxy", ".test.example", "timeout", "10s")) {
            assertThat(check(registries, PLAIN).reason()).isEqualTo(Reason.NO_CONNECTION);
        }
        assertThat(proxy.takeRequests()).isEmpty();
    }

    @Test
    void internalAddressIsNotAskedThroughTheProxyEither() throws IOException {
        try (RegistryClient registries = client("http://127.0.0.1:" + proxy.port(), "*.*.*.*")) {
            for (String host : List.of("10.0.0.7", "169.254.169.254")) {
                ImageStatus status = check(registries, host);
                assertThat(status.reason()).isEqualTo(Reason.HOST_NOT_ALLOWED);
                assertThat(status.detail()).contains("dejavu.registry.allowed");
            }
        }
        assertThat(proxy.takeRequests()).isEmpty();
    }

    private RegistryClient client(String url, String... more) {
        return RegistrySettings.client(bundles, Stream.concat(Stream.of(SECURE, PLAIN), Stream.of(more)).toList(),
                "plain-http", PLAIN, "ssl-bundle", "company", "timeout", "10s", "proxy", url);
    }

    private static ImageStatus check(RegistryClient registries, String host) {
        return registries.check(host + "/team/app:v1", List.of("linux/amd64"));
    }

}
