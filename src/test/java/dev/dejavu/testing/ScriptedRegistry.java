package dev.dejavu.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;

import javax.net.ssl.SSLContext;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.Sha256;

/**
 * A registry, token server or anything in between in this process, whose answers a script
 * gives: it plays what people met in public. What it has is the same in every repository.
 */
public final class ScriptedRegistry implements AutoCloseable {

    public static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

    public static final String INDEX = "application/vnd.oci.image.index.v1+json";

    private static final Pattern CONTENT = Pattern.compile("/v2/.+/(?:manifests|blobs)/([^/]+)");

    private static final String ROOT = "/v2/";

    private static final Answer WELCOME = Answer.of(200, "{}");

    private final HttpServer server;

    private final List<String> requests = new CopyOnWriteArrayList<>();

    /** By tag or digest. */
    private final Map<String, Answer> content = new ConcurrentHashMap<>();

    private volatile Script script = this::serve;

    /**
     * What the registry answers.
     */
    @FunctionalInterface
    public interface Script {

        /** The answer; {@code null} closes the connection without one. */
        @Nullable Answer answer(Request request);

    }

    /**
     * A request.
     *
     * @param path without the query
     * @param query decoded, with what a form has in its body
     * @param authorization empty when there is none
     */
    public record Request(String method, String path, Map<String, String> query, String authorization) {
    }

    /**
     * An answer.
     *
     * @param headers names and values in turn; a name may come more than once. With
     * Content-Encoding gzip the body is compressed
     */
    public record Answer(int status, String body, List<String> headers) {

        public static Answer of(int status, String body, String... headers) {
            return new Answer(status, body, List.of(headers));
        }

        /** An error as the distribution specification has it. */
        public static Answer error(int status, String code, String... headers) {
            return of(status, "{\"errors\":[{\"code\":\"" + code + "\",\"message\":\"\"}]}", headers);
        }

    }

    public ScriptedRegistry() {
        this(null, false);
    }

    /**
     * A registry over TLS, or without.
     * @param wantsCertificate whether each client must have a certificate
     */
    public ScriptedRegistry(@Nullable SSLContext tls, boolean wantsCertificate) {
        this.server = (tls != null) ? Loopback.httpsServer(tls, wantsCertificate) : Loopback.httpServer(0);
        server.createContext("/", (exchange) -> {
            try (exchange) {
                respond(exchange);
            }
        });
        server.start();
    }

    public String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /** Answers by a script from now on. */
    public ScriptedRegistry play(Script answers) {
        this.script = answers;
        return this;
    }

    /** Answers so in every repository, and asks nobody for a login. */
    public static Script always(Answer answer) {
        return (request) -> request.path().equals(ROOT) ? WELCOME : answer;
    }

    /** As a registry does that has its content and asks nobody for a login. */
    public Answer serve(Request request) {
        if (request.path().equals(ROOT) || request.path().endsWith("/tags/list")) {
            return WELCOME;
        }
        Matcher path = CONTENT.matcher(request.path());
        Answer found = path.matches() ? content.get(path.group(1)) : null;
        return (found != null) ? found : Answer.error(404, "MANIFEST_UNKNOWN");
    }

    /**
     * Has an image of one platform.
     * @param platform as in {@code linux/amd64}
     * @return the digest of its manifest
     */
    public String image(String tag, String platform) {
        String[] parts = platform.split("/", 3);
        String variant = (parts.length > 2) ? ",\"variant\":\"" + parts[2] + "\"" : "";
        String config = blob("{\"os\":\"%s\",\"architecture\":\"%s\"%s,\"author\":\"%s\"}".formatted(parts[0], parts[1],
                variant, tag));
        return manifest(tag, MANIFEST,
                "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":{\"digest\":\"%s\",\"size\":1},\"layers\":[]}"
                    .formatted(MANIFEST, config));
    }

    /**
     * Has an index.
     * @param children each as in the member {@code manifests}
     * @return its digest
     */
    public String index(String tag, String... children) {
        return manifest(tag, INDEX, "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%s]}".formatted(INDEX,
                String.join(",", children)));
    }

    /** An index's descriptor of a manifest of a platform, or without one. */
    public static String child(String digest, @Nullable String platform) {
        String of = "";
        if (platform != null) {
            String[] parts = platform.split("/", 3);
            of = ",\"platform\":{\"os\":\"%s\",\"architecture\":\"%s\"%s}".formatted(parts[0], parts[1],
                    (parts.length > 2) ? ",\"variant\":\"" + parts[2] + "\"" : "");
        }
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":1%s}".formatted(MANIFEST, digest, of);
    }

    /**
     * Has a manifest with any content.
     * @return its digest
     */
    public String manifest(String tag, String mediaType, String body) {
        String digest = "sha256:" + Sha256.hex(body);
        Answer answer = Answer.of(200, body, "Content-Type", mediaType, "Docker-Content-Digest", digest);
        content.put(tag, answer);
        content.put(digest, answer);
        return digest;
    }

    /**
     * Has a blob with any content.
     * @return its digest
     */
    public String blob(String body) {
        String digest = "sha256:" + Sha256.hex(body);
        content.put(digest, Answer.of(200, body, "Content-Type", "application/octet-stream"));
        return digest;
    }

    /** Has it no longer. */
    public void remove(String tagOrDigest) {
        content.remove(tagOrDigest);
    }

    /** Returns the requests since the last call, as in {@code GET /v2/?a=b}. */
    public List<String> takeRequests() {
        List<String> all = List.copyOf(requests);
        requests.removeAll(all);
        return all;
    }

    private void respond(HttpExchange exchange) throws IOException {
        requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
        Map<String, String> query = new ConcurrentHashMap<>();
        decode(exchange.getRequestURI().getRawQuery(), query);
        decode(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8), query);
        String authorization = exchange.getRequestHeaders().getFirst("Authorization");
        Answer answer = script.answer(new Request(exchange.getRequestMethod(), exchange.getRequestURI().getPath(),
                query, (authorization != null) ? authorization : ""));
        if (answer == null) {
            return;
        }
        for (int i = 0; i < answer.headers().size(); i += 2) {
            exchange.getResponseHeaders().add(answer.headers().get(i), answer.headers().get(i + 1));
        }
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        if (answer.headers().contains("gzip")) {
            body = gzip(body);
        }
        boolean empty = exchange.getRequestMethod().equals("HEAD") || body.length == 0;
        exchange.sendResponseHeaders(answer.status(), empty ? -1 : body.length);
        if (!empty) {
            exchange.getResponseBody().write(body);
        }
    }

    private static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
            zip.write(content);
        }
        return out.toByteArray();
    }

    private static void decode(@Nullable String form, Map<String, String> query) {
        if (form != null && !form.isEmpty()) {
            for (String pair : form.split("&", -1)) {
                String[] parts = pair.split("=", 2);
                query.merge(decode(parts[0]), (parts.length > 1) ? decode(parts[1]) : "",
                        (one, other) -> one + " " + other);
            }
        }
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        server.stop(0);
    }

}
