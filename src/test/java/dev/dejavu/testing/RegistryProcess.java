package dev.dejavu.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.StringJoiner;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheKey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A real registry on loopback, Debian's {@code docker-registry}, for tests that are
 * annotated with {@link RequiresRegistry}.
 */
public final class RegistryProcess implements AutoCloseable {

    static final String PROGRAM = "docker-registry";

    private static final HttpClient client = HttpClient.newHttpClient();

    private final Path folder;

    private final int port;

    private final @Nullable String login;

    private Process process;

    private RegistryProcess(Path folder, int port, @Nullable String login) throws IOException {
        this.folder = folder;
        this.port = port;
        this.login = login;
        this.process = run();
    }

    /** Starts one that needs no login. */
    public static RegistryProcess start() {
        return start(null, null, "");
    }

    /**
     * Starts one that needs no login and sends notifications.
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
     * Starts one that needs a login.
     * @param login as in {@code name:password}
     * @param htpasswd the same as a line of htpasswd, hashed with bcrypt
     */
    public static RegistryProcess start(String login, String htpasswd) {
        return start(login, htpasswd, "");
    }

    private static RegistryProcess start(@Nullable String login, @Nullable String htpasswd, String notifications) {
        try {
            int port = freePort();
            Path folder = Files.createTempDirectory("registry");
            String auth = "";
            if (htpasswd != null) {
                Files.writeString(folder.resolve("htpasswd"), htpasswd + "\n");
                auth = "auth: {htpasswd: {realm: test, path: " + folder.resolve("htpasswd") + "}}\n";
            }
            Files.writeString(folder.resolve("config.yml"), """
                    version: 0.1
                    log: {level: error, accesslog: {disabled: true}}
                    storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}
                    http: {addr: "127.0.0.1:%d"}
                    """.formatted(folder.resolve("data"), port) + auth + notifications);
            return new RegistryProcess(folder, port, login);
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    private Process run() throws IOException {
        Process started = new ProcessBuilder(PROGRAM, "serve", folder.resolve("config.yml").toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
        await().until(() -> isReady(started));
        return started;
    }

    private boolean isReady(Process started) {
        assertThat(started.isAlive()).as("the registry in " + folder).isTrue();
        try {
            return send("GET", "/v2/", null, "").statusCode() == 200;
        }
        catch (UncheckedIOException ex) {
            return false;
        }
    }

    /** Its {@code host:port}. */
    public String host() {
        return "127.0.0.1:" + port;
    }

    public String uri() {
        return "http://" + host();
    }

    /** Stops it; its images survive. */
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
        String[] parts = platform.split("/", -1);
        String variant = (parts.length > 2) ? ",\"variant\":\"" + parts[2] + "\"" : "";
        // unique, so that every image has its own digest
        String config = "{\"os\":\"%s\",\"architecture\":\"%s\"%s,\"author\":\"%s\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"
            .formatted(parts[0], parts[1], variant, Keys.next());
        String manifest = """
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
                "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},"layers":[]}"""
            .formatted(pushBlob(name, config), config.length());
        return put(name, tag, manifest, "application/vnd.oci.image.manifest.v1+json");
    }

    /**
     * Pushes an index.
     * @param children their digests, by platform, which may be empty
     */
    public String pushIndex(String name, String tag, Map<String, String> children) {
        StringJoiner manifests = new StringJoiner(",");
        children.forEach((platform, digest) -> {
            String[] parts = platform.split("/", -1);
            int size = send("GET", "/v2/" + name + "/manifests/" + digest, null, "").body().length();
            manifests.add("""
                    {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%d%s}"""
                .formatted(digest, size, platform.isEmpty() ? ""
                        : ",\"platform\":{\"os\":\"%s\",\"architecture\":\"%s\"}".formatted(parts[0], parts[1])));
        });
        return put(name, tag, """
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}"""
            .formatted(manifests), "application/vnd.oci.image.index.v1+json");
    }

    private String pushBlob(String name, String content) {
        String digest = digest(content);
        String location = send("POST", "/v2/" + name + "/blobs/uploads/", null, "").headers()
            .firstValue("Location")
            .orElseThrow();
        String path = location.replace(uri(), "");
        requireStatus(201, send("PUT", path + (path.contains("?") ? "&" : "?") + "digest=" + digest, content,
                "application/octet-stream"));
        return digest;
    }

    private String put(String name, @Nullable String tag, String manifest, String type) {
        String digest = digest(manifest);
        requireStatus(201, send("PUT", "/v2/" + name + "/manifests/" + ((tag != null) ? tag : digest), manifest, type));
        return digest;
    }

    /** Deletes a manifest, and with it every tag that points to it. */
    public void delete(String name, String digest) {
        requireStatus(202, send("DELETE", "/v2/" + name + "/manifests/" + digest, null, ""));
    }

    private static void requireStatus(int status, HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    }

    private static String digest(String content) {
        return "sha256:" + CacheKey.hashOf(content);
    }

    private HttpResponse<String> send(String method, String path, @Nullable String body, String type) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(uri() + path))
            .method(method, (body != null) ? BodyPublishers.ofString(body) : BodyPublishers.noBody());
        if (!type.isEmpty()) {
            request.header("Content-Type", type);
        }
        if (method.equals("GET")) {
            request.header("Accept", "application/vnd.oci.image.manifest.v1+json");
        }
        if (login != null) {
            request.header("Authorization",
                    "Basic " + Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8)));
        }
        try {
            return client.send(request.build(), BodyHandlers.ofString());
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(ex);
        }
    }

    @Override
    public void close() {
        stop();
    }

}
