package dev.dejavu.access;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.ServiceProcess;

import static dev.dejavu.testing.Http.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class AccessModeTests extends AccessFixture {

    @ParameterizedTest
    @CsvSource({ "127.0.0.1,200", "localhost,200", "0.0.0.0,401" })
    void withoutAModeTheServerAddressDecides(String address, int status) {
        Http http = start("--server.address=" + address, "--dejavu.admin-token=" + ADMIN);
        assertThat(http.get("/stats").statusCode()).isEqualTo(status);
    }

    @Test
    void openModeIgnoresTokensAndMakesEveryoneAdministrator() {
        Http http = start();
        String path = "/images/" + Keys.next();
        assertThat(get(http, "djv_whatever", "/stats").statusCode()).isEqualTo(200);
        put(http, path);
        assertThat(http.get(path).body()).doesNotContain("written_by");
        assertThat(http.get("/tokens").statusCode()).isEqualTo(200);
        // or it would be valid once the service is no longer open
        assertProblem(http.post("/tokens", "{\"name\":\"eve\",\"role\":\"admin\"}"), 403, "forbidden", "open");
    }

    @ParameterizedTest
    @ValueSource(strings = { "--dejavu.access.mode=open", "--dejavu.access.anonymous-read=false",
            "--server.forward-headers-strategy=native" })
    void openServiceOnLoopbackRefusesOtherHosts(String setting) throws IOException {
        Http http = start(setting);
        for (String host : List.of("evil.example.com", "evil.example.com:80", "10.0.0.1",
                "localhost.evil.example.com")) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), http.port())) {
                socket.getOutputStream()
                    .write(String
                        .join("\r\n", "GET /stats HTTP/1.1", "Host: " + host, "Connection: close",
                                "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Host: localhost", "", "")
                        .getBytes(StandardCharsets.US_ASCII));
                assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8)).as(host)
                    .startsWith("HTTP/1.1 403");
            }
        }
        assertThat(http.get("/stats").statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            none   | X-Forwarded-For    | 203.0.113.7
            none   | X-Forwarded-For    | 127.0.0.1
            none   | Forwarded          | for=203.0.113.7
            none   | Via                | 1.1 proxy
            none   | X-Real-IP          | 203.0.113.7
            none   | X-Forwarded-Host   | dejavu.acme.example
            none   | X-Forwarded-Proto  | https
            none   | X-Forwarded-Port   | 443
            none   | X-Forwarded-Prefix | /cache
            native | X-Forwarded-For    | 203.0.113.7
            """)
    void openServiceOnLoopbackRefusesWhatAProxyForwards(String strategy, String header, String value) {
        Http http = start("--server.forward-headers-strategy=" + strategy);
        assertThat(http.get("/stats").statusCode()).isEqualTo(200);
        assertProblem(http.get("/stats", header, value), 403, "forbidden", "dejavu.access.mode=tokens");
        assertProblem(http.get("/images/" + Keys.next(), header, value), 403, "forbidden");
        assertThat(http.get("/actuator/health", header, value).statusCode()).isEqualTo(200);
    }

    @Test
    void openModeBeyondLoopbackLogsAWarning() throws Exception {
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + sqliteUrl(),
                "server.address=0.0.0.0", "dejavu.access.mode=open")) {
            assertThat(service.http().get("/stats").statusCode()).isEqualTo(200);
            await().atMost(Duration.ofSeconds(10))
                .until(() -> service.output()
                    .lines()
                    .anyMatch(
                            (line) -> line.contains("WARN") && line.contains("Open to everyone who reaches 0.0.0.0")));
        }
    }

    @Test
    void anonymousMayReadIfTheSettingAllowsIt() {
        Http http = start("--dejavu.access.mode=tokens", "--dejavu.access.anonymous-read=true",
                "--dejavu.admin-token=" + ADMIN);
        String path = "/images/" + Keys.next();
        assertProblem(http.get(path), 404, "miss");
        assertProblem(http.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}"), 401, "unauthenticated");
        assertProblem(http.get("/tokens"), 401, "unauthenticated");
        assertProblem(get(http, "djv_wrong", path), 401, "unauthenticated");
        put(http, path);
        assertThat(http.get(path).body()).contains("image_uri").doesNotContain("written_by");
        assertThat(http.head(path).statusCode()).isEqualTo(200);
        assertThat(http.post("/images/lookup", "{\"hashes\":[\"" + Keys.next() + "\"]}").statusCode()).isEqualTo(200);
        for (String about : List.of("/images", "/bundles", "/stats", "/actuator/prometheus", "/actuator/info",
                "/actuator/health/registries")) {
            assertProblem(http.get(about), 401, "unauthenticated");
        }
        assertProblem(http.post("/images/resolve", Sample.image().body()), 401, "unauthenticated");
        assertThat(get(http, ADMIN, path).body()).contains("\"written_by\":\"admin\"");
    }

    @ParameterizedTest
    @ValueSource(strings = { "dejavu.access.mode=closed", "dejavu.admin-token=short",
            "dejavu.admin-token=with white space and long enough", "dejavu.admin-token-file=/nowhere",
            "dejavu.scrape-token=short", "dejavu.access.oidc[0].issuer=http://example.com",
            "dejavu.access.anonymous-read=perhaps", "dejavu.access.oidc[1].issuer=https://issuer.example.com",
            "dejavu.access.oidc[0].rules[1].claims=sub=a", "dejavu.access.oidc[0].rules[0].overlay=a b",
            "dejavu.access.oidc[0].max-lifetime=0s" })
    void invalidSettingAbortsTheStartAndRevealsNoSecret(String setting) throws Exception {
        try (ServiceProcess service = ServiceProcess.start(setting,
                setting.contains("oidc[0].issuer") ? "dejavu.home=" + home
                        : "dejavu.access.oidc[0].issuer=https://issuer.example.com",
                "dejavu.access.oidc[0].audience=dejavu", "dejavu.access.oidc[0].rules[0].role=read",
                "dejavu.access.oidc[0].rules[0].claims=sub=*", "spring.datasource.url=" + sqliteUrl())) {
            assertThat(service.exitCode()).isEqualTo(1);
            assertThat(service.output().lines().filter((line) -> line.contains("Not started:"))).hasSize(1)
                .allMatch(
                        (line) -> line.contains(setting.substring(0, setting.indexOf('=')).replaceAll("\\[\\d].*", ""))
                                && !line.contains("white space and long") && !line.contains("'short'"));
        }
    }

}
