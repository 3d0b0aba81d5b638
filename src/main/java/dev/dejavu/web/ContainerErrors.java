package dev.dejavu.web;

import java.io.IOException;

import com.fasterxml.jackson.annotation.JsonInclude;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.core.StandardHost;
import org.apache.catalina.valves.ErrorReportValve;
import org.apache.tomcat.util.buf.EncodedSolidusHandling;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.webmvc.error.ErrorController;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.cache.Problem;

/**
 * Answers errors outside of controllers with a problem too: those of the servlet
 * container around Spring, and those of Tomcat before it has found a servlet. Its valve
 * sees every answer, so it also sets the header that all of them have.
 */
@RestController
class ContainerErrors implements ErrorController {

    private final Refusals refusals;

    ContainerErrors(Refusals refusals) {
        this.refusals = refusals;
    }

    @RequestMapping("/error")
    ResponseEntity<ProblemDetail> error(HttpServletRequest request) {
        boolean dispatched = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE) instanceof Integer;
        int status = dispatched ? (int) request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE) : 404;
        Object uri = request.getAttribute(RequestDispatcher.ERROR_REQUEST_URI);
        ProblemDetail problem = problem(status, (uri instanceof String text) ? text : request.getRequestURI());
        add(refusals, problem, request,
                (request.getAttribute(RequestDispatcher.ERROR_EXCEPTION) instanceof Throwable cause) ? cause : null);
        return ResponseEntity.status(status).contentType(MediaType.APPLICATION_PROBLEM_JSON).body(problem);
    }

    /** What a caller sent is no failure of the service. */
    private static void add(Refusals refusals, ProblemDetail problem, HttpServletRequest request,
            @Nullable Throwable cause) {
        refusals.add(problem, request, HttpStatusCode.valueOf(problem.getStatus()).is5xxServerError() ? cause : null);
    }

    private static ProblemDetail problem(int status, @Nullable String path) {
        ProblemDetail problem = switch (status) {
            // Nothing of the body came in all that time.
            case 408 -> ProblemBody.of(Problem.TOO_SLOW, BodyLimit.TOO_SLOW);
            case 400 -> ProblemBody.generic(status, "Malformed HTTP request.");
            default -> ProblemBody.generic(status, "The server refused this request.");
        };
        return ProblemBody.complete(problem, path);
    }

    @Component
    static class Tomcat implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {

        private final Refusals refusals;

        Tomcat(Refusals refusals) {
            this.refusals = refusals;
        }

        @Override
        public void customize(TomcatServletWebServerFactory factory) {
            // The check of the key refuses an encoded slash.
            factory.addConnectorCustomizers(
                    (connector) -> connector.setEncodedSolidusHandling(EncodedSolidusHandling.PASS_THROUGH.getValue()));
            factory.addContextCustomizers((context) -> {
                if (context.getParent() instanceof StandardHost host) {
                    // Tomcat adds one of this class, unless there is one.
                    host.setErrorReportValveClass(Valve.class.getName());
                    host.getPipeline().addValve(new Valve(refusals));
                }
            });
        }

    }

    private static final class Valve extends ErrorReportValve {

        private static final JsonMapper json = JsonMapper.builder()
            .changeDefaultPropertyInclusion((value) -> value.withValueInclusion(JsonInclude.Include.NON_EMPTY))
            .build();

        private final Refusals refusals;

        Valve(Refusals refusals) {
            this.refusals = refusals;
        }

        @Override
        public void invoke(Request request, Response response) throws IOException, ServletException {
            // A browser takes an answer for what its type says, not for what it looks
            // like.
            response.setHeader("X-Content-Type-Options", "nosniff");
            super.invoke(request, response);
        }

        @Override
        protected void report(Request request, Response response, @Nullable Throwable throwable) {
            if (response.getStatus() < 400 || response.getContentWritten() > 0 || !isToBeReported(request, response)) {
                return;
            }
            ProblemDetail problem = problem(response.getStatus(), request.getRequestURI());
            add(refusals, problem, request, throwable);
            try {
                response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
                response.getOutputStream().write(json.writeValueAsBytes(problem));
                response.finishResponse();
            }
            catch (IOException | IllegalStateException ex) {
                // the client is gone
            }
        }

        /**
         * Also the 404 of Actuator for a path that it lacks: nobody calls it an error.
         */
        private static boolean isToBeReported(Request request, Response response) {
            return response.isError() ? response.setErrorReported()
                    : response.getStatus() == HttpServletResponse.SC_NOT_FOUND && !request.getMethod().equals("HEAD");
        }

    }

}
