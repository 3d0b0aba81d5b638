package dev.dejavu.client;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.Sha256;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

class ClientHttpTests {

    abstract static class Contract {

        private static final String PROJECT = "/client/dejavu-flyte/";

        private static final String JSON = "application/vnd.pypi.simple.v1+json";

        private static final Pattern LINK = Pattern
            .compile("<a href=\"([^\"#]+)#sha256=([0-9a-f]{64})\" data-requires-python=\"&gt;=3.10\">([^<]+)</a>");

        private Http http = new Http(0);

        @BeforeEach
        void connect(@LocalServerPort int port) {
            http = new Http(port);
        }

        @ParameterizedTest
        @ValueSource(strings = { "/client/", PROJECT })
        void page_linksTheWheelWithItsHash(String path) throws Exception {
            HttpResponse<String> page = http.get(path);
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(header(page, "Content-Type")).isEqualTo("text/html;charset=UTF-8");
            assertThat(header(page, "Content-Security-Policy")).contains("default-src 'self'");
            assertThat(page.body()).doesNotContain("<script", "127.0.0.1").doesNotContainPattern("\\{[a-z0-9]+}");
            Matcher link = LINK.matcher(page.body());
            assertThat(link.find()).isTrue();
            assertThat(link.group(3)).matches("dejavu_flyte-[0-9.]+-py3-none-any\\.whl");
            String wheel = URI.create(path).resolve(link.group(1)).toString();
            assertThat(wheel).isEqualTo("/client/" + link.group(3));
            assertThat(HexFormat.of().formatHex(Sha256.of(bytes(wheel)))).isEqualTo(link.group(2));
            assertThat(link.find()).isFalse();
        }

        @Test
        void index_linksTheProject() {
            assertThat(http.get("/client/").body()).contains("<a href=\"dejavu-flyte/\">dejavu-flyte</a>");
        }

        @Test
        void project_isJsonForWhoAsksForIt() throws Exception {
            String pip = JSON + ", application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01";
            HttpResponse<String> described = http.get(PROJECT, "Accept", pip);
            assertThat(header(described, "Content-Type")).isEqualTo(JSON);
            assertThat(header(described, "Vary")).contains("Accept");
            assertThat(header(described, "ETag")).isNotEqualTo(header(http.get(PROJECT), "ETag"));
            JsonNode project = json(described);
            assertThat(project.at("/meta/api-version").asString()).isEqualTo("1.0");
            assertThat(project.path("name").asString()).isEqualTo("dejavu-flyte");
            JsonNode file = project.at("/files/0");
            assertThat(file.path("url").asString()).isEqualTo("../" + file.path("filename").asString());
            assertThat(file.path("requires-python").asString()).isEqualTo(">=3.10");
            assertThat(HexFormat.of().formatHex(Sha256.of(bytes("/client/" + file.path("filename").asString()))))
                .isEqualTo(file.at("/hashes/sha256").asString());
            assertThat(header(http.get("/client/", "Accept", pip), "Content-Type")).startsWith("text/html");
        }

        @Test
        void wheel_isTheSameFromEachInstance() throws Exception {
            assertThat(bytes(wheel())).isEqualTo(Wheel.ofClient().content());
        }

        @Test
        void everyAnswer_isRevalidated() {
            for (String path : List.of("/client/", PROJECT, wheel())) {
                HttpResponse<String> found = http.get(path);
                assertThat(header(found, "Cache-Control")).as(path).isEqualTo("no-cache");
                HttpResponse<String> head = http.head(path);
                assertThat(head.statusCode()).as(path).isEqualTo(200);
                assertThat(head.body()).as(path).isEmpty();
                for (String name : List.of("ETag", "Content-Type", "Content-Length")) {
                    assertThat(header(head, name)).as(path).isNotEmpty().isEqualTo(header(found, name));
                }
                HttpResponse<String> same = http.get(path, "If-None-Match", header(found, "ETag"));
                assertThat(same.statusCode()).as(path).isEqualTo(304);
                assertThat(http.get(path, "If-None-Match", "\"0\"").statusCode()).as(path).isEqualTo(200);
            }
            assertThat(header(http.head(wheel()), "Content-Type")).isEqualTo("application/octet-stream");
            assertThat(header(http.head(wheel()), "Content-Disposition"))
                .isEqualTo("attachment; filename=\"" + Wheel.ofClient().fileName() + "\"");
        }

        /** Relative, as a proxy may have the service under another path. */
        @ParameterizedTest
        @CsvSource({ "/client,client/", "/client/dejavu-flyte,dejavu-flyte/" })
        void withoutTheSlash_redirects(String path, String location) {
            HttpResponse<String> response = http.get(path);
            assertThat(response.statusCode()).isEqualTo(308);
            assertThat(header(response, "Location")).isEqualTo(location);
        }

        @ParameterizedTest
        @ValueSource(strings = { "flyte", "flyte/", "dejavu-flyte/x", "dejavu_flyte-9.9-py3-none-any.whl",
                "pyproject.toml", "README.md", "src/dejavu_flyte/cli.py" })
        void anythingElse_is404(String name) {
            assertProblem(http.get("/client/" + name), 404, "about:blank");
        }

        private String wheel() {
            Matcher link = LINK.matcher(http.get("/client/").body());
            assertThat(link.find()).isTrue();
            return "/client/" + link.group(1);
        }

        private byte[] bytes(String path) throws IOException, InterruptedException {
            try (HttpClient client = HttpClient.newHttpClient()) {
                URI address = URI.create("http://127.0.0.1:" + http.port() + path);
                return client.send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofByteArray()).body();
            }
        }

    }

    @Nested
    @WithSqlite
    class Open extends Contract {

    }

    @Nested
    @WithSqlite
    @TestPropertySource(
            properties = { "dejavu.access.mode=tokens", "dejavu.admin-token=an-administrator-of-the-tests" })
    class Tokens extends Contract {

    }

}
