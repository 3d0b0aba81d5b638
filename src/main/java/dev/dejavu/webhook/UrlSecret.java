package dev.dejavu.webhook;

import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.stereotype.Component;

/**
 * The secret in the URL of a webhook, {@code ?token=}, for registries that send no header
 * of the user's choice. Tomcat takes the query away from each such request before
 * anything sees it that could write it into a log, its own access log too.
 */
@Component
class UrlSecret implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {

    private static final String PARAMETER = "token=";

    private static final String ATTRIBUTE = UrlSecret.class.getName();

    @Override
    public void customize(TomcatServletWebServerFactory factory) {
        factory.addEngineValves(new QueryValve());
    }

    /** What the URL of a request had as its secret. */
    static @Nullable String of(HttpServletRequest request) {
        return (String) request.getAttribute(ATTRIBUTE);
    }

    private static final class QueryValve extends ValveBase {

        QueryValve() {
            super(true);
        }

        @Override
        public void invoke(Request request, Response response) throws IOException, ServletException {
            String query = request.getQueryString();
            if (query != null && request.getDecodedRequestURI().contains("/webhooks/")) {
                request.setAttribute(ATTRIBUTE, secret(query));
                request.getCoyoteRequest().queryString().recycle();
            }
            getNext().invoke(request, response);
        }

        private static @Nullable String secret(String query) {
            return Arrays.stream(query.split("&"))
                .filter((parameter) -> parameter.startsWith(PARAMETER))
                .map((parameter) -> decoded(parameter.substring(PARAMETER.length())))
                .findFirst()
                .orElse(null);
        }

        /** Percent-encoding alone: a plus is no space, as in base64. */
        private static String decoded(String value) {
            try {
                return URLDecoder.decode(value.replace("+", "%2B"), StandardCharsets.UTF_8);
            }
            catch (IllegalArgumentException ex) {
                return value;
            }
        }

    }

}
