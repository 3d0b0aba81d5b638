package dev.dejavu.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A real registry on loopback, for tests that are annotated with
 * {@link RequiresRegistry}.
 */
public final class RegistryProcess implements AutoCloseable {

    private final List<String> command;

    private final Path folder;

    private final int port;

    private final RegistryApi api;

    private Process process;

    private RegistryProcess(List<String> command, Path folder, int port, RegistryApi api) throws IOException {
        this.command = command;
        this.folder = folder;
        this.port = port;
        this.api = api;
        this.process = run();
    }

    /** Starts the usual one, which needs no login. */
    public static RegistryProcess start() {
        return start(null, null, "");
    }

    /**
     * Starts the usual one, which needs no login and sends notifications.
     * @param listener the URI they are sent to
     */
    public static RegistryProcess start(String listener) {
        return start(null, null, """
                notifications:
                  endpoints:
                    - {name: test, url: "%s", timeout: 5s, threshold: 100, backoff: 100ms}
                """.formatted(listener));
    }

    /**
     * Starts the usual one, which needs a login.
     * @param login as in {@code name:password}
     * @param htpasswd the same as a line of htpasswd, hashed with bcrypt
     */
    public static RegistryProcess start(String login, String htpasswd) {
        return start(login, htpasswd, "");
    }

    /** Starts any of them, which needs no login. */
    public static RegistryProcess start(RegistryProgram program) {
        return switch (program) {
            case DISTRIBUTION -> start();
            case GGCR -> startGgcr();
        };
    }

    private static RegistryProcess startGgcr() {
        try {
            int port = Loopback.freePort();
            return new RegistryProcess(List.of(RegistryProgram.GGCR.command, "-port", String.valueOf(port)),
                    Files.createTempDirectory("registry"), port, new RegistryApi(uri(port), null, true));
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static RegistryProcess start(@Nullable String login, @Nullable String htpasswd, String notifications) {
        try {
            int port = Loopback.freePort();
            Path folder = Files.createTempDirectory("registry");
            String auth = "";
            if (htpasswd != null) {
                Files.writeString(folder.resolve("htpasswd"), htpasswd + "\n");
                auth = "auth: {htpasswd: {realm: test, path: " + folder.resolve("htpasswd") + "}}\n";
            }
            Path config = Files.writeString(folder.resolve("config.yml"), """
                    version: 0.1
                    log: {level: error, accesslog: {disabled: true}}
                    storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}
                    http: {addr: "127.0.0.1:%d"}
                    """.formatted(folder.resolve("data"), port) + auth + notifications);
            return new RegistryProcess(List.of(RegistryProgram.DISTRIBUTION.command, "serve", config.toString()),
                    folder, port, new RegistryApi(uri(port), login, false));
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private Process run() throws IOException {
        Process started = new ProcessBuilder(command).redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
        await().until(() -> isReady(started));
        return started;
    }

    private boolean isReady(Process started) {
        assertThat(started.isAlive()).as("the registry in " + folder).isTrue();
        return api.isReady();
    }

    /** Its {@code host:port}. */
    public String host() {
        return "127.0.0.1:" + port;
    }

    public String uri() {
        return uri(port);
    }

    private static String uri(int port) {
        return "http://127.0.0.1:" + port;
    }

    /** Stops it; the images of the usual one survive. */
    public void stop() {
        process.destroyForcibly().onExit().join();
    }

    public void restart() throws IOException {
        stop();
        this.process = run();
    }

    /**
     * Pushes an image of one platform.
     * @param tag {@code null} for none
     * @return its digest
     */
    public String push(String name, @Nullable String tag, String platform) {
        return api.push(name, tag, platform);
    }

    /**
     * Pushes an index.
     * @param children their digests, by platform, which may be empty
     * @return its digest
     */
    public String pushIndex(String name, @Nullable String tag, Map<String, String> children) {
        return api.pushIndex(name, tag, children);
    }

    /** Deletes a manifest, and with it every tag that points to it. */
    public void delete(String name, String digest) {
        api.delete(name, digest);
    }

    @Override
    public void close() {
        stop();
    }

}
