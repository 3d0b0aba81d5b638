package dev.dejavu.web;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Collectors;

import org.apache.tomcat.util.http.InvalidParameterException;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.ServletWebRequest;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;
import org.springframework.web.servlet.resource.NoResourceFoundException;
import org.springframework.web.util.DisconnectedClientHelper;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * Answers every exception with a problem (RFC 9457).
 */
@RestControllerAdvice
class ProblemHandler extends ResponseEntityExceptionHandler {

    private static final Duration RETRY_AFTER = Duration.ofSeconds(2);

    private final Refusals refusals;

    ProblemHandler(Refusals refusals) {
        this.refusals = refusals;
    }

    @ExceptionHandler
    @Nullable ResponseEntity<Object> handle(ProblemException ex, WebRequest request) {
        return problem(ex, ex.problem(), ex.getMessage(), ex.retryAfter(), request);
    }

    @ExceptionHandler
    @Nullable ResponseEntity<Object> handle(DataAccessException ex, WebRequest request) {
        return problem(ex, Problem.STORAGE_UNAVAILABLE,
                "The database cannot do that now; the log of the service says why. Go on without the cache.", null,
                request);
    }

    @ExceptionHandler
    @Nullable ResponseEntity<Object> handle(InvalidParameterException ex, WebRequest request) {
        return problem(ex, Problem.MALFORMED_QUERY,
                "The query must be percent-encoded UTF-8, with 1000 parameters at most.", null, request);
    }

    @ExceptionHandler
    @Nullable ResponseEntity<Object> handle(Exception ex, WebRequest request) {
        if (DisconnectedClientHelper.isClientDisconnectedException(ex)) {
            return null;
        }
        HttpStatus status = HttpStatus.INTERNAL_SERVER_ERROR;
        return handleExceptionInternal(ex,
                ProblemBody.generic(status.value(), "Internal server error; see the server log."), new HttpHeaders(),
                status, request);
    }

    /** Nothing more can be said of a response that has begun: its caller is gone. */
    @Override
    protected @Nullable ResponseEntity<Object> handleExceptionInternal(Exception ex, @Nullable Object body,
            HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        if (request instanceof ServletWebRequest servlet && servlet.getResponse() != null
                && servlet.getResponse().isCommitted()) {
            return null;
        }
        ResponseEntity<Object> response = super.handleExceptionInternal(ex, body, headers, status, request);
        if (response != null && response.getBody() instanceof ProblemDetail problem
                && request instanceof ServletWebRequest servlet) {
            boolean failed = status.is5xxServerError() && !(ex instanceof ProblemException);
            refusals.add(problem, servlet.getRequest(), failed ? ex : null);
        }
        return response;
    }

    /** Spring answers HEAD wherever it answers GET, but does not say so. */
    @Override
    protected @Nullable ResponseEntity<Object> handleHttpRequestMethodNotSupported(
            HttpRequestMethodNotSupportedException ex, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        HttpHeaders allowing = HttpHeaders.copyOf(headers);
        Set<HttpMethod> methods = new LinkedHashSet<>(headers.getAllow());
        if (methods.contains(HttpMethod.GET)) {
            methods.add(HttpMethod.HEAD);
        }
        allowing.setAllow(methods);
        return handleExceptionInternal(ex, ex.getBody(), allowing, status, request);
    }

    @Override
    protected @Nullable ResponseEntity<Object> handleNoResourceFoundException(NoResourceFoundException ex,
            HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        HttpHeaders allowing = HttpHeaders.copyOf(headers);
        if (HttpMethod.OPTIONS.equals(ex.getHttpMethod())) {
            // Without the header Spring would offer TRACE and more.
            allowing.setAllow(Set.of());
        }
        return handleExceptionInternal(ex, ProblemBody.generic(status.value(), "There is nothing at this path."),
                allowing, status, request);
    }

    @Override
    protected @Nullable ResponseEntity<Object> handleHttpMessageNotReadable(HttpMessageNotReadableException ex,
            HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        for (Throwable cause = ex.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof ProblemException limit) {
                // thrown while the body was read
                return handle(limit, request);
            }
        }
        return problem(ex, Problem.MALFORMED_BODY, unreadable(ex.getCause()), null, request);
    }

    private static String unreadable(@Nullable Throwable cause) {
        if (cause instanceof StreamReadException || !(cause instanceof JacksonException json)) {
            return "The body must be one JSON object.";
        }
        String member = json.getPath()
            .stream()
            .map((step) -> (step.getPropertyName() != null) ? "." + step.getPropertyName()
                    : "[" + step.getIndex() + "]")
            .collect(Collectors.joining());
        if (json instanceof UnrecognizedPropertyException) {
            return member.substring(1) + " is not known.";
        }
        return member.isEmpty() ? "The body must be one JSON object, with each member of its type."
                : member.substring(1) + " has the wrong type.";
    }

    private @Nullable ResponseEntity<Object> problem(Exception ex, Problem problem, @Nullable String detail,
            @Nullable Duration retryAfter, WebRequest request) {
        ProblemDetail body = ProblemBody.of(problem, detail);
        HttpHeaders headers = new HttpHeaders();
        if (retryAfter != null || body.getStatus() == HttpStatus.SERVICE_UNAVAILABLE.value()) {
            headers.set(HttpHeaders.RETRY_AFTER,
                    String.valueOf(((retryAfter != null) ? retryAfter : RETRY_AFTER).toSeconds()));
        }
        return handleExceptionInternal(ex, body, headers, HttpStatusCode.valueOf(body.getStatus()), request);
    }

    @Override
    protected ResponseEntity<Object> createResponseEntity(@Nullable Object body, HttpHeaders headers,
            HttpStatusCode status, WebRequest request) {
        // Spring would set the instance too, but throws at a malformed path.
        if (body instanceof ProblemDetail problem && request instanceof ServletWebRequest servlet) {
            ProblemBody.complete(problem, servlet.getRequest().getRequestURI());
        }
        return ResponseEntity.status(status)
            .headers(headers)
            .contentType(MediaType.APPLICATION_PROBLEM_JSON)
            .cacheControl(CacheControl.noStore())
            .body(body);
    }

}
