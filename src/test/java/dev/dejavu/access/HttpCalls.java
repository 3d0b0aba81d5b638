package dev.dejavu.access;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Sample;

import static dev.dejavu.testing.Http.json;

/**
 * Every call over HTTP, as in {@code GET /images/{hash}}, and the role that it requires.
 */
final class HttpCalls {

    private HttpCalls() {
    }

    /**
     * The role that a call requires; {@code null} for none. A call that is missing here
     * fails the test.
     */
    static @Nullable Role requiredRole(String call) {
        return switch (call) {
            case "GET /", "GET /actuator/health", "GET /actuator/health/**", "GET /swagger-ui.html", "GET /v3/api-docs",
                    "GET /webjars/swagger-ui/swagger-ui.css", "GET /client", "GET /client/", "GET /client/dejavu-flyte",
                    "GET /client/dejavu-flyte/", "GET /client/{file}", "POST /webhooks/{name}",
                    "OPTIONS /webhooks/{name}" ->
                null;
            case "GET /images/{hash}", "GET /images", "POST /images/lookup", "POST /images/resolve",
                    "GET /bundles/{digest}", "GET /bundles", "POST /bundles/lookup", "GET /images/{hash}/history",
                    "GET /bundles/{digest}/history", "POST /images/explain", "POST /bundles/explain", "GET /identity",
                    "GET /stats", "GET /savings", "POST /usage", "GET /actuator/prometheus", "GET /actuator/info",
                    "GET /actuator/sbom", "GET /actuator/sbom/{id}", "GET /actuator/health/registries", "GET /error",
                    "GET /nothing" ->
                Role.READ;
            case "PUT /images/{hash}", "PUT /bundles/{digest}", "POST /images/{hash}/invalidate",
                    "POST /images/{hash}/lease", "POST /images/{hash}/lease/{token}/renew",
                    "DELETE /images/{hash}/lease/{token}", "POST /bundles/{digest}/invalidate" ->
                Role.WRITE;
            case "DELETE /images/{hash}", "DELETE /images", "DELETE /bundles/{digest}", "DELETE /bundles",
                    "DELETE /overlays/{*name}", "GET /leases", "POST /tokens", "GET /tokens", "DELETE /tokens/{id}",
                    "PATCH /images" ->
                Role.ADMIN;
            default -> throw new AssertionError(call + " is missing: which role does it require?");
        };
    }

    static HttpResponse<String> send(Http http, String call, @Nullable String token) {
        Sample image = Sample.image();
        Sample bundle = Sample.bundle();
        String method = call.substring(0, call.indexOf(' '));
        String path = call.substring(call.indexOf(' ') + 1)
            .replace("{hash}", image.key())
            .replace("{digest}", bundle.key())
            .replace("{id}", "nothing")
            .replace("{token}", "nothing")
            .replace("{file}", "nothing")
            .replace("{name}", "ecr")
            .replace("{*name}", "nothing")
            .replace("**", "liveness");
        String body = switch (call) {
            case "POST /usage" -> "{\"cache\":\"images\",\"asked\":1,\"hits\":0,\"seconds\":0.1}";
            case "POST /images/lookup" -> "{\"hashes\":[\"" + Keys.next() + "\"]}";
            case "POST /images/resolve", "POST /images/explain" ->
                "{\"scope\":\"s\",\"repository\":\"ghcr.io/acme/app\",\"tag\":\"none\",\"platforms\":[\"linux/amd64\"]}";
            case "POST /webhooks/{name}", "POST /images/{hash}/invalidate", "POST /bundles/{digest}/invalidate" -> "{}";
            case "POST /bundles/explain" -> "{\"scope\":\"s\",\"files_digest\":\"0\"}";
            case "POST /bundles/lookup" -> "{\"digests\":[\"" + Keys.next() + "\"]}";
            case "POST /tokens" -> "{\"name\":\"n" + Keys.next().hex().substring(0, 20) + "\",\"role\":\"read\"}";
            case "PUT /images/{hash}", "POST /images/{hash}/lease" -> image.body();
            case "PUT /bundles/{digest}" -> bundle.body();
            default -> "";
        };
        List<String> headers = new ArrayList<>(List.of("Content-Type", "application/json"));
        if (call.endsWith(" /webhooks/{name}")) {
            headers.addAll(List.of("X-Api-Key", AccessHttpFixture.ADMIN));
        }
        if (token != null) {
            headers.addAll(List.of("Authorization", "Bearer " + token));
        }
        return http.send(method, path, BodyPublishers.ofString(body), headers.toArray(String[]::new));
    }

}
