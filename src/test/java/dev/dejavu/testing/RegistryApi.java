package dev.dejavu.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheKey;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The HTTP API of a registry, as far as the tests push and delete with it.
 */
final class RegistryApi {

    private static final HttpClient client = HttpClient.newHttpClient();

    private final String uri;

    private final @Nullable String login;

    private final boolean tagsOutliveManifests;

    /** The digest that each tag was pushed with last, by {@code name:tag}. */
    private final Map<String, String> tags = new ConcurrentHashMap<>();

    /**
     * The API of a registry.
     * @param tagsOutliveManifests whether a tag still leads to a manifest that was
     * deleted by its digest
     */
    RegistryApi(String uri, @Nullable String login, boolean tagsOutliveManifests) {
        this.uri = uri;
        this.login = login;
        this.tagsOutliveManifests = tagsOutliveManifests;
    }

    boolean isReady() {
        try {
            return send("GET", "/v2/", null, "").statusCode() == 200;
        }
        catch (UncheckedIOException ex) {
            return false;
        }
    }

    String push(String name, @Nullable String tag, String platform) {
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

    String pushIndex(String name, @Nullable String tag, Map<String, String> children) {
        StringJoiner manifests = new StringJoiner(",");
        children.forEach((platform, digest) -> {
            String[] parts = platform.split("/", -1);
            HttpResponse<String> child = send("GET", "/v2/" + name + "/manifests/" + digest, null, "");
            String type = child.headers().firstValue("Content-Type").orElseThrow();
            manifests.add("""
                    {"mediaType":"%s","digest":"%s","size":%d%s}""".formatted(type, digest, child.body().length(),
                    platform.isEmpty() ? ""
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
        String path = location.replace(uri, "");
        requireStatus(201, send("PUT", path + (path.contains("?") ? "&" : "?") + "digest=" + digest, content,
                "application/octet-stream"));
        return digest;
    }

    private String put(String name, @Nullable String tag, String manifest, String type) {
        String digest = digest(manifest);
        requireStatus(201, send("PUT", "/v2/" + name + "/manifests/" + ((tag != null) ? tag : digest), manifest, type));
        if (tag != null) {
            tags.put(name + ":" + tag, digest);
        }
        return digest;
    }

    void delete(String name, String digest) {
        requireStatus(202, send("DELETE", "/v2/" + name + "/manifests/" + digest, null, ""));
        if (tagsOutliveManifests) {
            tags.forEach((tag, tagged) -> {
                if (tagged.equals(digest) && tag.startsWith(name + ":") && tags.remove(tag, digest)) {
                    delete(name, tag.substring(name.length() + 1));
                }
            });
        }
    }

    private static void requireStatus(int status, HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    }

    private static String digest(String content) {
        return "sha256:" + CacheKey.hashOf(content);
    }

    private HttpResponse<String> send(String method, String path, @Nullable String body, String type) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(uri + path))
            .method(method, (body != null) ? BodyPublishers.ofString(body) : BodyPublishers.noBody());
        if (!type.isEmpty()) {
            request.header("Content-Type", type);
        }
        if (method.equals("GET")) {
            request.header("Accept",
                    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json");
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

}
