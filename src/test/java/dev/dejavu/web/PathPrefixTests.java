package dev.dejavu.web;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Scrape;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Behind a proxy on loopback, and under a context path.
 */
@WithSqlite
@TestPropertySource(properties = { "server.servlet.context-path=/team", "server.forward-headers-strategy=native",
        "dejavu.access.mode=tokens", "dejavu.admin-token=" + PathPrefixTests.ADMIN })
class PathPrefixTests {

    static final String ADMIN = "an-administrator-of-the-tests";

    private static final String[] PROXY = { "X-Forwarded-For", "203.0.113.7", "X-Forwarded-Prefix", "/tools/dejavu/" };

    private Http http = new Http(0);

    @BeforeEach
    void connect(@LocalServerPort int port) {
        http = new Http(port);
    }

    @Test
    void locationLeadsThroughTheProxy() {
        String path = "/images/" + Keys.next();
        assertThat(header(put("/team" + path), "Location")).isEqualTo("/team" + path);
        path = "/images/" + Keys.next();
        assertThat(header(put("/team" + path, PROXY), "Location")).isEqualTo("/tools/dejavu/team" + path);
        HttpResponse<String> token = send("POST", "/team/tokens", "{\"name\":\"a\",\"role\":\"read\"}", PROXY);
        assertThat(header(token, "Location"))
            .isEqualTo("/tools/dejavu/team/tokens/" + json(token).path("id").asString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /a b
            //evil.example.com
            https://evil.example.com
            /a/../b?c
            relative
            """)
    void prefixThatIsNoPathIsIgnored(String prefix) {
        String path = "/images/" + Keys.next();
        assertThat(
                header(put("/team" + path, "X-Forwarded-For", "203.0.113.7", "X-Forwarded-Prefix", prefix), "Location"))
            .isEqualTo("/team" + path);
    }

    @Test
    void descriptionAndPageFindTheService() {
        assertThat(json(http.get("/team/v3/api-docs")).at("/servers/0/url").asString()).isEqualTo("/team");
        assertThat(json(http.get("/team/v3/api-docs", PROXY)).at("/servers/0/url").asString())
            .isEqualTo("/tools/dejavu/team");
        assertThat(http.get("/team/swagger-ui.html").body()).doesNotContainPattern("(?:href|src)=\"/");
        assertThat(http.get("/team/swagger-ui.js").body()).contains("url: 'v3/api-docs'");
        for (String part : List.of("swagger-ui.js", "webjars/swagger-ui/swagger-ui.css", "client/",
                "actuator/health/readiness")) {
            assertThat(http.get("/team/" + part).statusCode()).as(part).isEqualTo(200);
        }
    }

    @Test
    void entryIsFoundAndCountedUnderTheContextPath() {
        String path = "/images/" + Keys.next();
        assertThat(put("/team" + path).statusCode()).isEqualTo(201);
        assertThat(send("GET", "/team" + path, "").statusCode()).isEqualTo(200);
        assertProblem(http.get("/team" + path), 401, "unauthenticated");
        assertThat(http.get(path).statusCode()).isEqualTo(404);
        await().until(() -> new Scrape(send("GET", "/team/actuator/prometheus", "").body())
            .value("dejavu_http_requests_seconds_count{call=\"GET /images/{hash}\",status=\"2xx\"}") == 1);
    }

    private HttpResponse<String> put(String path, String... headers) {
        return send("PUT", path, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}", headers);
    }

    private HttpResponse<String> send(String method, String path, String body, String... headers) {
        List<String> all = new ArrayList<>(List.of(headers));
        all.addAll(List.of("Authorization", "Bearer " + ADMIN, "Content-Type", "application/json"));
        return http.send(method, path, body.isEmpty() ? null : BodyPublishers.ofString(body),
                all.toArray(String[]::new));
    }

}
