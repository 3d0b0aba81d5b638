package dev.dejavu.web;

import java.io.IOException;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.cache.ProblemException;

/**
 * Writes problems from filters, as {@link ProblemHandler} answers them from controllers.
 */
@Component
class ProblemWriter {

    private final JsonMapper json;

    private final Refusals refusals;

    ProblemWriter(JsonMapper json, Refusals refusals) {
        this.json = json;
        this.refusals = refusals;
    }

    void write(ProblemException ex, HttpServletRequest request, HttpServletResponse response) throws IOException {
        ProblemDetail problem = ProblemBody.complete(ProblemBody.of(ex.problem(), ex.getMessage()),
                request.getRequestURI());
        refusals.add(problem, request, null);
        byte[] body = json.writeValueAsBytes(problem);
        response.setStatus(problem.getStatus());
        response.setHeader(HttpHeaders.CACHE_CONTROL, "no-store");
        response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

}
