package dev.dejavu.startup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.DejavuApplication;
import dev.dejavu.testing.Certificates;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The health check of the container image, against services that have the same settings.
 */
@EnabledOnOs(OS.LINUX)
class HealthCheckTests {

    @TempDir
    private Path folder;

    private final List<ConfigurableApplicationContext> services = new ArrayList<>();

    @AfterEach
    void stop() {
        services.forEach(ConfigurableApplicationContext::close);
    }

    @Test
    void readyServiceIsHealthy() throws Exception {
        String port = start("local.server.port");
        assertThat(check(Map.of("SERVER_PORT", port, "SERVER_ADDRESS", "0.0.0.0"))).isZero();
        assertThat(check(Map.of("SERVER_PORT", port, "SERVER_SERVLET_CONTEXT_PATH", "/elsewhere"))).isNotZero();
        assertThat(check(Map.of("SERVER_PORT", "1"))).isNotZero();
    }

    @Test
    void serviceWithoutItsDatabaseIsNotHealthy() throws Exception {
        String port = start("local.server.port", "--spring.datasource.url=jdbc:postgresql://127.0.0.1:1/dejavu");
        assertThat(check(Map.of("SERVER_PORT", port))).isNotZero();
    }

    @Test
    void contextPathIsKnown() throws Exception {
        String port = start("local.server.port", "--server.servlet.context-path=/team");
        assertThat(check(Map.of("SERVER_PORT", port, "SERVER_SERVLET_CONTEXT_PATH", "/team"))).isZero();
    }

    @Test
    void portOfItsOwnIsAskedWithoutTls() throws Exception {
        String port = start("local.management.port", "--management.server.port=0",
                "--management.server.address=127.0.0.1", "--management.server.base-path=/manage",
                "--management.server.ssl.enabled=false", "--server.ssl.bundle=web", bundle());
        assertThat(check(Map.of("MANAGEMENT_SERVER_PORT", port, "MANAGEMENT_SERVER_BASE_PATH", "/manage",
                "MANAGEMENT_SERVER_SSL_ENABLED", "false", "SERVER_SSL_BUNDLE", "web")))
            .isZero();
    }

    @Test
    void serviceWithTlsIsAskedByIt() throws Exception {
        String port = start("local.server.port", "--server.ssl.bundle=web", bundle());
        assertThat(check(Map.of("SERVER_PORT", port, "SERVER_SSL_BUNDLE", "web"))).isZero();
        assertThat(check(Map.of("SERVER_PORT", port, "SERVER_SSL_BUNDLE", "web", "SERVER_SERVLET_CONTEXT_PATH", "/x")))
            .isNotZero();
        assertThat(check(Map.of("SERVER_PORT", port))).isNotZero();
    }

    private String bundle() {
        Certificates certificates = Certificates.create(folder, "web", "dns:dejavu.example.com");
        return "--spring.ssl.bundle.jks.web.keystore.location=" + certificates.store()
                + " --spring.ssl.bundle.jks.web.keystore.password=" + Certificates.PASSWORD;
    }

    private String start(String port, String... settings) {
        List<String> arguments = new ArrayList<>(
                List.of("--server.port=0", "--dejavu.registry.allowed=", "--dejavu.home=" + folder));
        for (String setting : settings) {
            arguments.addAll(List.of(setting.split(" ", -1)));
        }
        ConfigurableApplicationContext service = SpringApplication.run(DejavuApplication.class,
                arguments.toArray(String[]::new));
        services.add(service);
        return service.getEnvironment().getRequiredProperty(port);
    }

    /** In a folder like that of the image, where the jar is beside it. */
    private int check(Map<String, String> environment) throws IOException, InterruptedException {
        Path script = folder.resolve("healthcheck");
        if (Files.notExists(script)) {
            Files.copy(Path.of("src/main/jvm/healthcheck"), script);
            Path classes = Path.of(HealthCheck.class.getProtectionDomain().getCodeSource().getLocation().getPath());
            Files.createSymbolicLink(folder.resolve("dejavu.jar"), classes);
        }
        ProcessBuilder check = new ProcessBuilder("bash", script.toString()).inheritIO();
        check.environment().keySet().removeIf((name) -> name.startsWith("SERVER_") || name.startsWith("MANAGEMENT_"));
        check.environment().put("PATH", System.getProperty("java.home") + "/bin:" + System.getenv("PATH"));
        check.environment().putAll(environment);
        Process process = check.start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

}
