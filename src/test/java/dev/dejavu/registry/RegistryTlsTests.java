package dev.dejavu.registry;

import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;

import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import dev.dejavu.registry.ImageStatus.Outcome;
import dev.dejavu.registry.ImageStatus.Reason;
import dev.dejavu.testing.Certificates;
import dev.dejavu.testing.ScriptedRegistry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * A company's registry: an authority of its own, and a client certificate.
 */
class RegistryTlsTests {

    private static final String NAME = "company";

    @TempDir
    private static Path folder;

    private static Certificates server;

    private static Certificates client;

    private final DefaultSslBundleRegistry bundles = new DefaultSslBundleRegistry();

    private @Nullable ScriptedRegistry registry;

    @BeforeAll
    static void make() {
        server = Certificates.create(folder, "server", "ip:127.0.0.1");
        client = Certificates.create(folder, "client", "dns:client");
    }

    @AfterEach
    void stop() {
        if (registry != null) {
            registry.close();
        }
    }

    @Test
    void authorityOfABundleIsTrusted() throws IOException {
        bundles.registerBundle(NAME, bundle(false));
        assertThat(check(bundles, start(false)).outcome()).isEqualTo(Outcome.PRESENT);
    }

    @Test
    void unknownAuthorityNamesTheSetting() throws IOException {
        ImageStatus status = check(null, start(false));
        assertThat(status.reason()).isEqualTo(Reason.TLS);
        assertThat(status.detail()).contains("dejavu.registry.ssl-bundle");
    }

    @Test
    void clientCertificateOfABundleIsShown() throws IOException {
        String host = start(true);
        bundles.registerBundle(NAME, bundle(false));
        assertThat(check(bundles, host).outcome()).isEqualTo(Outcome.UNKNOWN);
        bundles.updateBundle(NAME, bundle(true));
        assertThat(check(bundles, host).outcome()).isEqualTo(Outcome.PRESENT);
    }

    @Test
    void updateOfABundleIsUsed() throws IOException {
        String host = start(true);
        bundles.registerBundle(NAME, bundle(false));
        try (RegistryClient registries = client(bundles, host)) {
            assertThat(registries.check(host + "/team/app:v1", List.of()).outcome()).isEqualTo(Outcome.UNKNOWN);
            bundles.updateBundle(NAME,
                    SslBundle.of(new PemSslStoreBundle(null, PemSslStoreDetails.forCertificate("no"))));
            bundles.updateBundle(NAME, bundle(true));
            assertThat(registries.check(host + "/team/app:v1", List.of()).outcome()).isEqualTo(Outcome.PRESENT);
            bundles.updateBundle(NAME,
                    SslBundle.of(new PemSslStoreBundle(null, PemSslStoreDetails.forCertificate("no"))));
            assertThat(registries.check(host + "/team/app:v1", List.of()).outcome()).isEqualTo(Outcome.PRESENT);
        }
    }

    @Test
    void authoritiesOfJavaAreTrustedBesides() throws Exception {
        TrustManagerFactory java = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        java.init((KeyStore) null);
        X509Certificate[] known = ((X509TrustManager) java.getTrustManagers()[0]).getAcceptedIssuers();
        assertThat(RegistryTls.authorities(bundle(false))).contains(known).hasSize(known.length + 1);
    }

    @Test
    void settingsOfSpringMakeABundle() {
        new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class))
            .withPropertyValues("spring.ssl.bundle.pem.company.truststore.certificate=" + server.certificatePem(),
                    "spring.ssl.bundle.jks.other.keystore.location=file:" + client.store(),
                    "spring.ssl.bundle.jks.other.keystore.password=" + Certificates.PASSWORD,
                    "spring.ssl.bundle.jks.other.truststore.location=file:" + server.store(),
                    "spring.ssl.bundle.jks.other.truststore.password=" + Certificates.PASSWORD)
            .run((context) -> {
                SslBundles made = context.getBean(SslBundles.class);
                assertThat(check(made, start(false)).outcome()).isEqualTo(Outcome.PRESENT);
                stop();
                try (RegistryClient registries = RegistrySettings.client(made, List.of(start(true)), "plain-http", "",
                        "ssl-bundle", "other", "timeout", "10s")) {
                    assertThat(check(registries).outcome()).isEqualTo(Outcome.PRESENT);
                }
            });
    }

    @Test
    void bundleThatIsNotThereOrCannotBeReadIsASetting() {
        assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
            .isThrownBy(() -> new RegistryTls("other", bundles))
            .satisfies((ex) -> assertThat(ex.getReason()).contains("spring.ssl.bundle"));
        bundles.registerBundle(NAME,
                SslBundle.of(new PemSslStoreBundle(null, PemSslStoreDetails.forCertificate("file:/none/such.pem"))));
        assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
            .isThrownBy(() -> new RegistryTls(NAME, bundles))
            .satisfies((ex) -> assertThat(ex.getReason()).contains("such.pem"));
    }

    private static SslBundle bundle(boolean withKey) {
        PemSslStoreDetails key = withKey
                ? PemSslStoreDetails.forCertificate(client.certificatePem()).withPrivateKey(client.keyPem()) : null;
        return SslBundle.of(new PemSslStoreBundle(key, PemSslStoreDetails.forCertificate(server.certificatePem())));
    }

    private String start(boolean wantsCertificate) {
        ScriptedRegistry started = new ScriptedRegistry(server.server(client), wantsCertificate);
        started.image("v1", "linux/amd64");
        this.registry = started;
        return started.host();
    }

    private static RegistryClient client(@Nullable SslBundles bundles, String host) {
        return (bundles != null) ? RegistrySettings.client(bundles, List.of(host), "plain-http", "", "ssl-bundle", NAME,
                "timeout", "10s") : RegistrySettings.client(List.of(host), "plain-http", "", "timeout", "10s");
    }

    private ImageStatus check(@Nullable SslBundles bundles, String host) throws IOException {
        try (RegistryClient registries = client(bundles, host)) {
            return registries.check(host + "/team/app:v1", List.of());
        }
    }

    private ImageStatus check(RegistryClient registries) {
        return registries.check(Objects.requireNonNull(registry).host() + "/team/app:v1", List.of());
    }

}
