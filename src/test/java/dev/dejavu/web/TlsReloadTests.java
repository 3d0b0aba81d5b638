package dev.dejavu.web;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;

import org.apache.hc.client5.http.ssl.TrustAllStrategy;
import org.apache.hc.core5.ssl.SSLContexts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.DejavuApplication;
import dev.dejavu.testing.Certificates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The command of {@code docs/access.md} that serves TLS.
 */
class TlsReloadTests {

    private static final Pattern SETTING = Pattern.compile("--[a-z.-]+ssl[a-z.-]+=\\S+");

    @TempDir
    private Path folder;

    @Test
    void renewedCertificateIsServedWithoutARestart() throws Exception {
        write("first");
        List<String> arguments = new ArrayList<>(List.of("--server.port=0", "--dejavu.home=" + folder,
                "--dejavu.registry.allowed=", "--spring.ssl.bundle.watch.file.quiet-period=100ms"));
        SETTING.matcher(Files.readString(Path.of("docs/access.md")))
            .results()
            .map(MatchResult::group)
            .map((setting) -> setting.replaceFirst("=(.*\\.pem)$", "=" + folder + "/$1"))
            .forEach(arguments::add);
        assertThat(arguments).hasSize(8);
        try (ConfigurableApplicationContext service = SpringApplication.run(DejavuApplication.class,
                arguments.toArray(String[]::new))) {
            int port = service.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
            assertThat(servedName(port)).isEqualTo("CN=first");
            write("second");
            await().atMost(Duration.ofSeconds(60))
                // of one file with the other one of before
                .ignoreExceptionsInstanceOf(SSLException.class)
                .until(() -> servedName(port).equals("CN=second"));
        }
    }

    private void write(String name) {
        Certificates certificates = Certificates.create(folder, name, "dns:dejavu.example.com");
        Certificates.write(folder.resolve("key.pem"), certificates.keyPem());
        Certificates.write(folder.resolve("cert.pem"), certificates.certificatePem());
    }

    private static String servedName(int port) throws IOException, GeneralSecurityException {
        SSLContext tls = SSLContexts.custom().loadTrustMaterial(TrustAllStrategy.INSTANCE).build();
        try (SSLSocket socket = (SSLSocket) tls.getSocketFactory().createSocket("127.0.0.1", port)) {
            socket.startHandshake();
            return Arrays.stream(socket.getSession().getPeerCertificates())
                .map((certificate) -> ((X509Certificate) certificate).getSubjectX500Principal().getName())
                .findFirst()
                .orElseThrow();
        }
    }

}
