package dev.dejavu.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An HTTP client of the service that hides nothing of HTTP.
 *
 * @param port of the service, on loopback
 * @param headers of all requests, names and values in turn
 */
public record Http(int port, List<String> headers) {

    private static final HttpClient client = HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(Duration.ofSeconds(5))
        .build();

    public Http(int port) {
        this(port, List.of());
    }

    /** The same client, with a token. */
    public Http as(String token) {
        return new Http(port, List.of("Authorization", "Bearer " + token));
    }

    /** A client of a service that runs in this process. */
    public static Http of(ApplicationContext service) {
        return new Http(service.getEnvironment().getRequiredProperty("local.server.port", Integer.class));
    }

    private static final JsonMapper mapper = new JsonMapper();

    public HttpResponse<String> get(String path, String... headers) {
        return send("GET", path, null, headers);
    }

    public HttpResponse<String> head(String path) {
        return send("HEAD", path, null);
    }

    public HttpResponse<String> delete(String path) {
        return send("DELETE", path, null);
    }

    public HttpResponse<String> put(String path, String json) {
        return send("PUT", path, BodyPublishers.ofString(json), "Content-Type", "application/json");
    }

    public HttpResponse<String> post(String path, String json) {
        return send("POST", path, BodyPublishers.ofString(json), "Content-Type", "application/json");
    }

    public HttpResponse<String> send(String method, String path, @Nullable BodyPublisher body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(Duration.ofSeconds(30))
            .method(method, (body != null) ? body : BodyPublishers.noBody());
        Stream.of(this.headers, List.of(headers))
            .filter((some) -> !some.isEmpty())
            .forEach((some) -> request.headers(some.toArray(String[]::new)));
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

    public static JsonNode json(HttpResponse<String> response) {
        return mapper.readTree(response.body());
    }

    public static String header(HttpResponse<String> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }

    /**
     * Asserts that the response is an RFC 9457 problem with all its members, and reveals
     * no internals of the service.
     * @param type the name of the problem, as in {@code malformed-key}, or
     * {@code about:blank}
     */
    public static void assertProblem(HttpResponse<String> response, int status, String type) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(header(response, "Content-Type")).isEqualTo("application/problem+json");
        JsonNode problem = json(response);
        assertThat(problem.path("type").asString())
            .isEqualTo(type.equals("about:blank") ? type : "urn:dejavu:problem:" + type);
        assertThat(problem.path("status").asInt()).isEqualTo(status);
        assertThat(problem.path("title").asString()).isNotBlank();
        assertThat(problem.path("detail").asString()).isNotBlank();
        assertThat(problem.path("instance").asString()).startsWith("/");
        assertThat(response.body()).doesNotContain("Exception", "java.", "springframework", "dev.dejavu", "\\tat ");
    }

    /** Asserts the same, and that the detail contains a text. */
    public static void assertProblem(HttpResponse<String> response, int status, String type, String detail) {
        assertProblem(response, status, type);
        assertThat(json(response).path("detail").asString()).contains(detail);
    }

}
