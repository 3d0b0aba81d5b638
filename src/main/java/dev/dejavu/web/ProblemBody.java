package dev.dejavu.web;

import java.net.URI;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;

import dev.dejavu.cache.Problem;

/**
 * Bodies of problems (RFC 9457); the one place that knows the status code of each.
 */
public final class ProblemBody {

    /** The type of a problem that its status says in full (RFC 9457, section 4.2.1). */
    private static final URI GENERIC = URI.create("about:blank");

    private ProblemBody() {
    }

    public static ProblemDetail of(Problem problem, @Nullable String detail) {
        ProblemDetail body = ProblemDetail.forStatusAndDetail(status(problem), detail);
        body.setType(problem.type());
        body.setTitle(problem.title());
        return body;
    }

    /** A problem that has a status code and nothing more. */
    static ProblemDetail generic(int status, String detail) {
        ProblemDetail body = ProblemDetail.forStatus(status);
        body.setDetail(detail);
        return body;
    }

    /**
     * Completes a body with its type and instance.
     * @param path of the request, as it was sent
     */
    static ProblemDetail complete(ProblemDetail body, @Nullable String path) {
        if (body.getType() == null) {
            body.setType(GENERIC);
        }
        body.setInstance(instance(path));
        return body;
    }

    private static URI instance(@Nullable String path) {
        try {
            return URI.create((path != null) ? path : "/");
        }
        catch (IllegalArgumentException ex) {
            // A malformed path may be the problem itself.
            return URI.create("/");
        }
    }

    private static HttpStatus status(Problem problem) {
        return switch (problem) {
            case MISS, ABSENT -> HttpStatus.NOT_FOUND;
            case MALFORMED_KEY, MALFORMED_BODY, MALFORMED_QUERY -> HttpStatus.BAD_REQUEST;
            case KEY_MISMATCH, VALUE_MISMATCH, PARTS_REQUIRED, REMOTE_PATH_NOT_ALLOWED, INVALID_IMAGE_URI,
                    INVALID_REMOTE_PATH, INVALID_HASH_DIGEST, NOT_SHAREABLE, SCOPE_NOT_ALLOWED, TOO_LONG ->
                HttpStatus.UNPROCESSABLE_CONTENT;
            case TOO_SLOW -> HttpStatus.REQUEST_TIMEOUT;
            case UNAUTHENTICATED -> HttpStatus.UNAUTHORIZED;
            case FORBIDDEN -> HttpStatus.FORBIDDEN;
            case NAME_TAKEN, LAST_ADMIN, CHANGED_BY_ANOTHER, LEASE_LOST -> HttpStatus.CONFLICT;
            case PRECONDITION_FAILED -> HttpStatus.PRECONDITION_FAILED;
            case TOO_MANY_REQUESTS, TOO_MANY_LEASES -> HttpStatus.TOO_MANY_REQUESTS;
            case TOO_LARGE -> HttpStatus.CONTENT_TOO_LARGE;
            case OVERLOADED, STORAGE_UNAVAILABLE, ISSUER_UNAVAILABLE -> HttpStatus.SERVICE_UNAVAILABLE;
        };
    }

}
