package dev.dejavu.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

import com.sun.net.httpserver.HttpExchange;

import dev.dejavu.cache.Sha256;
import dev.dejavu.testing.RegistryProxy.Fault;

import static dev.dejavu.testing.RegistryProxy.respond;

/**
 * What public registries, and what stands before them, do to requests. None makes up that
 * an image is there, or says to whoever shows the login that one is not.
 */
public final class RegistryFaults {

    private static final String LOGIN = "ada:secret";

    private static final String BASIC = "Basic "
            + Base64.getEncoder().encodeToString(LOGIN.getBytes(StandardCharsets.UTF_8));

    private static final String UNAUTHORIZED = "{\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}";

    /** A manifest and an index at once (CVE-2021-41190). */
    private static final String BOTH = "{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:" + "0".repeat(64)
            + "\"},\"layers\":[],\"manifests\":[]}";

    private RegistryFaults() {
    }

    /** A Docker config.json with the login for a host. */
    public static String dockerConfig(String host) {
        return "{\"auths\":{\"" + host + "\":{\"auth\":\"" + BASIC.substring(6) + "\"}}}";
    }

    /** Answers that prove nothing, whoever asks. */
    public static List<Fault> unclear() {
        return List.of(respond(429, "", "Retry-After", "1"), respond(500, "oops"), respond(503, ""),
                respond(403, "{\"errors\":[{\"code\":\"DENIED\"}]}"), respond(404, "<html>Not found</html>"),
                respond(200, "<html>Sign in</html>"),
                respond(200, BOTH, "Docker-Content-Digest", "sha256:" + Sha256.hex(BOTH)),
                respond(200, BOTH, "Docker-Content-Digest", "sha256:" + "0".repeat(64)),
                respond(401, UNAUTHORIZED, "WWW-Authenticate", "Negotiate, Digest realm=\"r\", nonce=\"n\""),
                (exchange) -> {
                    // closes the connection
                });
    }

    /**
     * Ways to the truth that not every client finds.
     * @param proxy before the registry
     */
    public static List<Fault> detours(RegistryProxy proxy) {
        String realm = "http://" + proxy.host() + "/token";
        String bearer = "Bearer realm=\"" + realm + "\", service=x ,scope = \"repository:team/app:pull\"";
        return List.of((exchange) -> passGetOnly(proxy, exchange),
                (exchange) -> proxy.passWithErrors(exchange, "TAG_EXPIRED"),
                (exchange) -> passWith(BASIC, proxy, exchange,
                        respond(401, UNAUTHORIZED, "WWW-Authenticate",
                                "Negotiate, basic realm = \"a \\\"b\\\"\" , charset=UTF-8")),
                (exchange) -> hideFromStrangers(proxy, exchange), (exchange) -> {
                    boolean isToken = exchange.getRequestURI().getPath().equals("/token");
                    passWith("Bearer t", proxy, exchange,
                            isToken ? respond(200, "{\"token\":\"\",\"access_token\":\"t\",\"expires_in\":60}")
                                    : respond(401, UNAUTHORIZED, "WWW-Authenticate", bearer));
                }, (exchange) -> {
                    boolean isToken = exchange.getRequestURI().getPath().equals("/token");
                    respond(isToken ? 429 : 401, UNAUTHORIZED, isToken ? "Retry-After" : "WWW-Authenticate",
                            isToken ? "1" : bearer)
                        .respond(exchange);
                });
    }

    /** All of them. */
    public static List<Fault> all(RegistryProxy proxy) {
        List<Fault> all = new ArrayList<>(unclear());
        all.addAll(detours(proxy));
        return all;
    }

    private static void passGetOnly(RegistryProxy proxy, HttpExchange exchange) throws IOException {
        if (exchange.getRequestMethod().equals("HEAD")) {
            respond(405, "").respond(exchange);
        }
        else {
            proxy.pass(exchange);
        }
    }

    /** A 404 for strangers; that a login is wanted shows at {@code /v2/} alone. */
    private static void hideFromStrangers(RegistryProxy proxy, HttpExchange exchange) throws IOException {
        if (exchange.getRequestHeaders().containsKey("Authorization")) {
            proxy.pass(exchange);
        }
        else if (exchange.getRequestURI().getPath().equals("/v2/")) {
            respond(401, UNAUTHORIZED, "WWW-Authenticate", "Basic realm=\"r\"").respond(exchange);
        }
        else {
            respond(404, "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"}]}").respond(exchange);
        }
    }

    private static void passWith(String authorization, RegistryProxy proxy, HttpExchange exchange, Fault otherwise)
            throws IOException {
        if (authorization.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
            proxy.pass(exchange);
        }
        else {
            otherwise.respond(exchange);
        }
    }

}
