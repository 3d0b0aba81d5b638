package dev.dejavu.web;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whatever the path, as it comes over the wire, a refusal is a problem.
 */
class OddPathTests {

    abstract static class Contract {

        @ParameterizedTest
        @ValueSource(strings = { "/images/x;a=%gg", "/images/x;a=b", "/images/%", "/images/%gg", "/images/%00",
                "/images/%2e%2e", "/images/..;/x", "/images//x", "//images/x", "/images/%252f", "/images/a%2fb",
                "/images/%5c", "/images/..%2f", "/%", "/;", "/images/\u00ff", "/images/%ff%fe", "/images/%c0%ae",
                "/images?%gg", "/images?limit=%", "/images/x?a=%gg", "/error;x", "/webhooks/%gg;", "/tokens/;%zz" })
        void oddPath_isAProblem(String path, @LocalServerPort int port) throws IOException {
            for (String method : new String[] { "GET", "PUT", "DELETE" }) {
                String response = send(port, method, path);
                assertThat(response).as(method + " " + path)
                    .matches("(?s)HTTP/1\\.1 4\\d\\d .*")
                    .containsIgnoringCase("application/problem+json")
                    .contains("\"status\":4")
                    .doesNotContain("Exception", "java.");
            }
        }

        private static String send(int port, String method, String path) throws IOException {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.getOutputStream()
                    .write("%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        .formatted(method, path)
                        .getBytes(StandardCharsets.ISO_8859_1));
                return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
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
