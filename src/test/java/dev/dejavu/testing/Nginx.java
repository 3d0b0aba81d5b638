package dev.dejavu.testing;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.Assumptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A real nginx before several instances, as {@code examples/nginx} sets it up.
 */
public final class Nginx implements Closeable {

    private static final Path PROGRAM = Path.of("/usr/sbin/nginx");

    private static final Path EXAMPLE = Path.of("examples/nginx/dejavu.conf");

    private static final String SETTINGS = """
            daemon off;
            master_process off;
            pid nginx.pid;
            events {
            }
            http {
                access_log off;
                client_body_temp_path body;
                proxy_temp_path proxy;
                fastcgi_temp_path fastcgi;
                uwsgi_temp_path uwsgi;
                scgi_temp_path scgi;
                include dejavu.conf;
            }
            """;

    private final Process process;

    private final int port = Loopback.freePort();

    private Nginx(Path folder, List<Integer> instances) throws IOException {
        String example = Files.readString(EXAMPLE).replace("listen 80;", "listen 127.0.0.1:" + port + ";");
        for (int n = 1; n <= instances.size(); n++) {
            example = example.replace("dejavu-" + n + ":8080", "127.0.0.1:" + instances.get(n - 1));
        }
        assertThat(example).contains("listen 127.0.0.1:").doesNotContain(":8080");
        Files.writeString(folder.resolve("dejavu.conf"), example);
        Files.writeString(folder.resolve("nginx.conf"), SETTINGS);
        this.process = new ProcessBuilder(PROGRAM.toString(), "-p", folder.toString(), "-c", "nginx.conf", "-e",
                "error.log")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("output").toFile())
            .start();
    }

    /**
     * Skips the test, with one line on the console, where it is not installed; under CI
     * the test fails.
     */
    public static void require() {
        boolean isInstalled = Files.isExecutable(PROGRAM);
        if (!isInstalled) {
            String missing = "NOT TESTED behind nginx: apt-get install nginx-light";
            System.err.println(missing);
            assertThat(System.getenv("CI")).as(missing).isNotEqualTo("true");
        }
        Assumptions.assumeTrue(isInstalled);
    }

    /**
     * Starts it before the instances at these ports.
     * @param folder for its files
     */
    public static Nginx start(Path folder, List<Integer> instances) throws IOException {
        Nginx nginx = new Nginx(folder, instances);
        await().atMost(Duration.ofSeconds(30)).ignoreExceptions().until(() -> nginx.http().get("/").statusCode() > 0);
        return nginx;
    }

    public Http http() {
        return new Http(port);
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }

}
