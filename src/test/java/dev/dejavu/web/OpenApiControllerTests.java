package dev.dejavu.web;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

import io.micrometer.core.instrument.MeterRegistry;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import org.springframework.web.util.ServletRequestPathUtils;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

@WithSqlite
class OpenApiControllerTests {

    @Autowired
    @Qualifier("requestMappingHandlerMapping")
    private RequestMappingHandlerMapping mapping;

    @Autowired
    private InFlightInterceptor inFlight;

    @Autowired
    private MeterRegistry metrics;

    private Http http = new Http(0);

    @BeforeEach
    void connect(@LocalServerPort int port) {
        http = new Http(port);
    }

    @Test
    void description_hasExactlyTheMappedCalls() {
        JsonNode description = json(http.get("/v3/api-docs"));
        assertThat(description.path("openapi").asString()).isEqualTo("3.1.0");
        // An empty URL would be the address of the description itself.
        assertThat(description.has("servers")).isFalse();
        Set<String> described = new TreeSet<>();
        description.path("paths").properties().forEach((path) -> path.getValue().properties().forEach((call) -> {
            if (!call.getKey().equals("parameters") && !path.getKey().startsWith("/actuator")) {
                described.add(call.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey());
            }
        }));
        Set<String> mapped = new TreeSet<>();
        for (Map.Entry<RequestMappingInfo, HandlerMethod> entry : mapping.getHandlerMethods().entrySet()) {
            Class<?> controller = entry.getValue().getBeanType();
            if (controller != OpenApiController.class && controller != ContainerErrors.class) {
                entry.getKey()
                    .getPatternValues()
                    .stream()
                    .filter((path) -> !path.startsWith("/client") && !path.startsWith("/console"))
                    .forEach((path) -> entry.getKey()
                        .getMethodsCondition()
                        .getMethods()
                        .forEach((method) -> mapped.add(method + " " + path.replace("{*", "{"))));
            }
        }
        assertThat(described).isEqualTo(mapped).hasSizeGreaterThan(23);
        for (String path : new String[] { "/actuator/health", "/actuator/health/liveness", "/actuator/health/readiness",
                "/actuator/health/registries", "/actuator/info", "/actuator/prometheus",
                "/actuator/sbom/application" }) {
            assertThat(description.path("paths").has(path)).as(path).isTrue();
            assertThat(http.get(path).statusCode()).as(path).isEqualTo(200);
        }
    }

    @Test
    void index_namesTheDescribedPaths() {
        List<String> described = json(http.get("/v3/api-docs")).path("paths")
            .propertyNames()
            .stream()
            .filter((path) -> !path.matches("/|/actuator/.*"))
            .toList();
        assertThat(json(http.get("/")).path("calls").valueStream().map((call) -> call.asString()))
            .containsExactlyInAnyOrderElementsOf(described);
    }

    /** What returns a page is found by its type. */
    @Test
    void lists_reserveMemory() throws Exception {
        for (String path : List.of("/images", "/bundles")) {
            MockHttpServletRequest request = new MockHttpServletRequest("GET", path);
            ServletRequestPathUtils.parseAndCache(request);
            ServletRequestAttributes attributes = new ServletRequestAttributes(request);
            RequestContextHolder.setRequestAttributes(attributes);
            try {
                Object handler = Objects.requireNonNull(mapping.getHandler(request)).getHandler();
                double before = metrics.get("dejavu.http.in.flight").gauge().value();
                inFlight.preHandle(request, new MockHttpServletResponse(), handler);
                assertThat(metrics.get("dejavu.http.in.flight").gauge().value()).as(path).isGreaterThan(before);
            }
            finally {
                attributes.requestCompleted();
                RequestContextHolder.resetRequestAttributes();
            }
        }
    }

    @Test
    void description_referencesResolve() {
        JsonNode description = json(http.get("/v3/api-docs"));
        assertThat(description.findValues("$ref")).isNotEmpty()
            .allSatisfy((reference) -> assertThat(description.at(reference.asString().substring(1)).isMissingNode())
                .as(reference.asString())
                .isFalse());
    }

    @Test
    void description_hasWhatSuchCallsAlwaysMayAnswer() {
        JsonNode description = json(http.get("/v3/api-docs"));
        Set<String> tags = new TreeSet<>();
        description.path("tags").forEach((tag) -> tags.add(tag.path("name").asString()));
        description.path("paths").properties().forEach((path) -> path.getValue().properties().forEach((call) -> {
            JsonNode operation = call.getValue();
            String name = call.getKey() + " " + path.getKey();
            Set<String> expected = new TreeSet<>();
            if (operation.has("requestBody")) {
                expected.addAll(List.of("413", "415", "503"));
            }
            JsonNode ok = resolved(description, operation.at("/responses/200"));
            if (call.getKey().equals("get") && ok.path("headers").has("ETag")) {
                expected.add("304");
            }
            if (ok.path("content").has("application/json") && !path.getKey().matches("/|/(actuator|webhooks)/.*")) {
                expected.add("406");
            }
            if (call.getKey().equals("put") || path.getKey().matches("/usage|.*/(invalidate|resolve|lease)")) {
                expected.add("429");
            }
            assertThat(operation.path("responses").propertyNames()).as(name).containsAll(expected);
            operation.path("tags").forEach((tag) -> assertThat(tags).as(name).contains(tag.asString()));
        }));
    }

    private static JsonNode resolved(JsonNode description, JsonNode node) {
        return node.has("$ref") ? description.at(node.path("$ref").asString().substring(1)) : node;
    }

    @Test
    void description_examplesWork() {
        JsonNode paths = json(http.get("/v3/api-docs")).path("paths");
        for (String[] cache : new String[][] { { "/images", "hash" }, { "/bundles", "digest" } }) {
            JsonNode lookup = paths.path(cache[0] + "/lookup")
                .at("/post/requestBody/content/application~1json/example");
            JsonNode examples = paths.path(cache[0] + "/{" + cache[1] + "}")
                .at("/put/requestBody/content/application~1json/examples");
            String key = lookup.iterator().next().path(0).asString();
            assertThat(http.put(cache[0] + "/" + Keys.next(), examples.at("/value/value").toString()).statusCode())
                .isEqualTo(201);
            assertThat(http.put(cache[0] + "/" + key, examples.at("/parts/value").toString()).statusCode()).isIn(200,
                    201);
            JsonNode found = json(http.post(cache[0] + "/lookup", lookup.toString()));
            assertThat(found.path("entries").path(0).path(cache[1]).asString()).isEqualTo(key);
        }
    }

    @Test
    void description_problemExamplesAreReal() {
        JsonNode responses = json(http.get("/v3/api-docs")).at("/components/responses");
        JsonNode miss = responses.at("/Miss/content/application~1problem+json/example");
        http.delete(miss.path("instance").asString());
        assertThat(json(http.get(miss.path("instance").asString()))).isEqualTo(miss);
        JsonNode malformed = responses.at("/BadRequest/content/application~1problem+json/example");
        assertThat(json(http.get(malformed.path("instance").asString()))).isEqualTo(malformed);
    }

    @Test
    void swaggerUi_findsItsParts() {
        HttpResponse<String> page = http.get("/swagger-ui.html");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(header(page, "Content-Type")).startsWith("text/html");
        for (String part : new String[] { "webjars/swagger-ui/swagger-ui.css",
                "webjars/swagger-ui/swagger-ui-bundle.js", "swagger-ui.js" }) {
            assertThat(page.body()).contains(part);
            assertThat(http.get("/" + part).statusCode()).as(part).isEqualTo(200);
        }
        assertThat(http.get("/swagger-ui.js").body()).contains("v3/api-docs");
        assertThat(http.get("/v3/api-docs").statusCode()).isEqualTo(200);
        // The page's own policy would block an inline script.
        assertThat(header(page, "Content-Security-Policy")).contains("default-src 'self'");
        assertThat(page.body()).doesNotContainPattern("<script>");
    }

}
