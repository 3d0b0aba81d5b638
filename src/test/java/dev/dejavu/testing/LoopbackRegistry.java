package dev.dejavu.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.Sha256;

/**
 * As much of a registry as a check asks for, in this process: every tag is there, and
 * every manifest that was made here, until a test deletes it. All images are for
 * {@code linux/amd64}.
 */
public final class LoopbackRegistry implements AutoCloseable {

    private static final String INDEX = """
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",\
            "manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":2,\
            "digest":"%s","platform":{"architecture":"amd64","os":"linux"}}],"annotations":{"name":"%s"}}""";

    private static final String CHILD = "{}";

    private static final String UNKNOWN = "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"}]}";

    private static final String ROOT = "/v2/";

    private static final Pattern MANIFEST = Pattern.compile("/v2/(.+)/manifests/([^/]+)");

    private final HttpServer server;

    private final AtomicInteger pushes = new AtomicInteger();

    private final Map<String, String> manifests = new ConcurrentHashMap<>();

    /**
     * The digests that each tag has had, by {@code host/name:tag}; the last one counts.
     */
    private final Map<String, List<String>> tags = new ConcurrentHashMap<>();

    private final Set<String> deleted = ConcurrentHashMap.newKeySet();

    public LoopbackRegistry() {
        this.server = Loopback.httpServer(0);
        server.createContext(ROOT, (exchange) -> {
            try (exchange) {
                respond(exchange);
            }
        });
        server.start();
    }

    public String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /**
     * Makes a manifest with a name.
     * @return its content, whose SHA-256 is its digest
     */
    public String manifest(String name) {
        String content = INDEX.formatted(digest(CHILD), name);
        manifests.put(digest(content), content);
        return content;
    }

    /** Lets a tag lead to another manifest from now on. */
    public String push(String imageUri) {
        String digest = digest(manifest(imageUri + " " + pushes.incrementAndGet()));
        tags.computeIfAbsent(imageUri, (uri) -> new CopyOnWriteArrayList<>()).add(digest);
        deleted.remove(imageUri);
        return digest;
    }

    /** Deletes a tag, or the manifest of a reference with a digest. */
    public void delete(String imageUri) {
        deleted.add(withoutTag(imageUri));
    }

    public boolean has(String imageUri) {
        return !deleted.contains(withoutTag(imageUri));
    }

    /** Whether a reference leads to a digest, or did at some time. */
    public boolean hadDigest(String imageUri, String digest) {
        return imageUri.endsWith("@" + digest) || tags.getOrDefault(imageUri, List.of()).contains(digest);
    }

    /** Forgets all that was made, pushed and deleted. */
    public void reset() {
        manifests.clear();
        tags.clear();
        deleted.clear();
    }

    private static String withoutTag(String imageUri) {
        return imageUri.replaceFirst(":[^:/@]+@", "@");
    }

    private static String digest(String content) {
        return "sha256:" + Sha256.hex(content);
    }

    private void respond(HttpExchange exchange) throws IOException {
        if (exchange.getRequestURI().getPath().equals(ROOT)) {
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        Matcher path = MANIFEST.matcher(exchange.getRequestURI().getPath());
        String digest = path.matches() ? find(host() + "/" + path.group(1), path.group(2)) : null;
        String content = (digest == null) ? null : digest.equals(digest(CHILD)) ? CHILD : manifests.get(digest);
        byte[] body = ((content != null) ? content : UNKNOWN).getBytes(StandardCharsets.UTF_8);
        if (content != null) {
            exchange.getResponseHeaders().add("Docker-Content-Digest", digest);
        }
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders((content != null) ? 200 : 404, head ? -1 : body.length);
        if (!head) {
            exchange.getResponseBody().write(body);
        }
    }

    private @Nullable String find(String repository, String reference) {
        if (reference.startsWith("sha256:")) {
            return deleted.contains(repository + "@" + reference) ? null : reference;
        }
        String uri = repository + ":" + reference;
        if (deleted.contains(uri)) {
            return null;
        }
        List<String> digests = tags.get(uri);
        return (digests != null) ? digests.getLast() : push(uri);
    }

    @Override
    public void close() {
        server.stop(0);
    }

}
