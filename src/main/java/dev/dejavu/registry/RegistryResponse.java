package dev.dejavu.registry;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.stream.Collectors;

import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The response of a registry.
 */
final class RegistryResponse {

    static final String DIGEST = "Docker-Content-Digest";

    /**
     * Error codes of the distribution specification, {@code NOT_FOUND} of Harbor, and
     * {@code TAG_EXPIRED} of Quay, which says so of deleted tags too.
     * @see <a href=
     * "https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes">error
     * codes</a>
     */
    private static final Set<String> ABSENT = Set.of("MANIFEST_UNKNOWN", "NAME_UNKNOWN", "BLOB_UNKNOWN", "NOT_FOUND",
            "TAG_EXPIRED");

    /** After 429 without {@code Retry-After}. */
    private static final Duration TOO_MANY = Duration.ofSeconds(5);

    /** Bytes, of a document. */
    private static final int MAX_BODY = 4 << 20;

    /** Bytes, of an error; the rest of a longer one is not read. */
    private static final int MAX_ERROR = 64 << 10;

    private final URI uri;

    private final int status;

    private final HttpHeaders headers;

    private final byte[] body;

    private final boolean isFromAskedHost;

    /**
     * A response.
     * @param uri where it is from
     * @param isFromAskedHost whether that is the host that was asked first
     */
    RegistryResponse(URI uri, boolean isFromAskedHost, int status, HttpHeaders headers, byte[] body) {
        this.uri = uri;
        this.isFromAskedHost = isFromAskedHost;
        this.status = status;
        this.headers = headers;
        this.body = body;
    }

    /**
     * Reads a response, and no further than a body may be long.
     * @param request aborted when it is longer, which ends the connection
     * @throws RegistryException if a document is longer
     */
    static RegistryResponse read(ClassicHttpResponse response, HttpUriRequestBase request, URI uri,
            boolean isFromAskedHost) throws IOException {
        HttpHeaders headers = new HttpHeaders();
        for (Header header : response.getHeaders()) {
            headers.add(header.getName(), header.getValue());
        }
        byte[] body = {};
        int limit = (response.getCode() == 200) ? MAX_BODY : MAX_ERROR;
        HttpEntity entity = response.getEntity();
        if (entity != null) {
            // Not closed: that would read the rest, to use the connection again.
            body = entity.getContent().readNBytes(limit + 1);
        }
        if (body.length > limit) {
            request.abort();
            if (limit == MAX_BODY) {
                throw new RegistryException(ImageStatus.Reason.UNEXPECTED_ANSWER, "More than " + MAX_BODY + " bytes");
            }
        }
        return new RegistryResponse(uri, isFromAskedHost, response.getCode(), headers, body);
    }

    /** Where it is from, which is elsewhere after a redirect. */
    URI uri() {
        return uri;
    }

    /** Whether the host that was asked gave it, and not one that it led to. */
    boolean isFromAskedHost() {
        return isFromAskedHost;
    }

    /** Of HTTP. */
    int status() {
        return status;
    }

    HttpHeaders headers() {
        return headers;
    }

    /** All of it. */
    byte[] body() {
        return body;
    }

    boolean isOk() {
        return status == 200;
    }

    /**
     * Whether it is the registry itself that does not have it: a 404 alone may come from
     * any proxy in between.
     */
    boolean isNotFoundByRegistry(JsonMapper json) {
        Set<String> codes = (status == 404) ? errorCodes(json) : Set.of();
        return !codes.isEmpty() && ABSENT.containsAll(codes);
    }

    /** The codes of its errors; empty when it has none, and for one without a code. */
    Set<String> errorCodes(JsonMapper json) {
        try {
            JsonNode errors = json.readTree(body).path("errors");
            return errors.isArray() ? errors.valueStream()
                .map((error) -> error.path("code").asString(""))
                .collect(Collectors.toUnmodifiableSet()) : Set.of();
        }
        catch (JacksonException ex) {
            return Set.of();
        }
    }

    /** Why this response proves nothing, if it does not. */
    ImageStatus.Reason reason() {
        return switch (status) {
            case 401 -> ImageStatus.Reason.LOGIN_MISSING;
            case 403 -> ImageStatus.Reason.FORBIDDEN;
            case 404 -> ImageStatus.Reason.NOT_FOUND_UNPROVEN;
            case 429 -> ImageStatus.Reason.RATE_LIMITED;
            default -> (status >= 500) ? ImageStatus.Reason.REGISTRY_FAILED : ImageStatus.Reason.UNEXPECTED_ANSWER;
        };
    }

    /** What this response is, for people. */
    String detail() {
        return "HTTP " + status + ((status == 404) ? " without an error code of registries for what is not there" : "");
    }

    /** The digest that the registry names, if it does. */
    @Nullable String digest() {
        return headers.getFirst(DIGEST);
    }

    /**
     * The pause that the registry asks for, an hour at most.
     */
    Duration retryAfter(Instant now) {
        Duration asked = RetryAfter.of(headers, now);
        return (asked != null) ? asked : (status == 429) ? TOO_MANY : Duration.ZERO;
    }

}
