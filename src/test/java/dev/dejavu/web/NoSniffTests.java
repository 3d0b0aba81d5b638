package dev.dejavu.web;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.Keys;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whoever answers, a browser must take the answer for what its type says.
 */
class NoSniffTests {

    private static final String ADMIN = "an-administrator-of-the-tests";

    private static final String AUTHORIZED = "Authorization: Bearer " + ADMIN + "\r\n";

    abstract static class Contract {

        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                GET /stats HTTP/1.1                           | 200
                GET /images HTTP/1.1                          | 200
                HEAD /stats HTTP/1.1                          | 200
                GET /images/nothing HTTP/1.1                  | 400
                PUT /images/nothing HTTP/1.1                  | 4
                PATCH /images HTTP/1.1                        | 405
                GET /nothing HTTP/1.1                         | 404
                GET /images/x;a=%gg HTTP/1.1                  | 400
                GET /images/a%2fb HTTP/1.1                    | 400
                GET /images/%zz HTTP/1.1                      | 400
                NONSENSE                                      | 400
                GET /images?%zz HTTP/1.1                      | 400
                GET /actuator/health HTTP/1.1                 | 200
                GET /actuator/info HTTP/1.1                   | 200
                GET /actuator/prometheus HTTP/1.1             | 200
                GET /actuator/env HTTP/1.1                    | 404
                GET /swagger-ui.html HTTP/1.1                 | 200
                GET /swagger-ui.js HTTP/1.1                   | 200
                GET /webjars/swagger-ui/swagger-ui.css HTTP/1.1 | 200
                GET /v3/api-docs HTTP/1.1                     | 200
                GET /client/ HTTP/1.1                         | 200
                POST /webhooks/nobody HTTP/1.1                | 401
                """)
        void answer_forbidsSniffing(String line, String status, @LocalServerPort int port) throws IOException {
            assertForbidden(send(port, line, AUTHORIZED, ""), status);
        }

        @Test
        void entry_forbidsSniffing(@LocalServerPort int port) throws IOException {
            String entry = " /images/" + Keys.next() + " HTTP/1.1";
            assertForbidden(send(port, "GET" + entry, AUTHORIZED, ""), "404");
            assertForbidden(send(port, "PUT" + entry, AUTHORIZED + "Content-Type: application/json\r\n",
                    "{\"image_uri\":\"ghcr.io/acme/a:v1\"}"), "201");
            for (int round = 0; round < 2; round++) {
                String found = send(port, "GET" + entry, AUTHORIZED, "");
                assertForbidden(found, "200");
                String etag = found.replaceFirst("(?s).*ETag: (\\S+).*", "$1");
                assertForbidden(send(port, "GET" + entry, AUTHORIZED + "If-None-Match: " + etag + "\r\n", ""), "304");
            }
            assertForbidden(send(port, "DELETE" + entry, AUTHORIZED, ""), "204");
        }

        @Test
        void request_headersTooLarge_forbidsSniffing(@LocalServerPort int port) throws IOException {
            assertForbidden(send(port, "GET /images HTTP/1.1", "X: " + "x".repeat(20_000) + "\r\n", ""), "4");
        }

        static void assertForbidden(String response, String status) {
            assertThat(response).startsWith("HTTP/1.1 " + status);
            assertThat(response.substring(0, response.indexOf("\r\n\r\n")).lines())
                .filteredOn((line) -> line.regionMatches(true, 0, "X-Content-Type", 0, 14))
                .containsExactly("X-Content-Type-Options: nosniff");
        }

        static String send(int port, String line, String headers, String body) throws IOException {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setSoTimeout(10_000);
                String host = headers.contains("Host: ") ? "" : "Host: localhost\r\n";
                socket.getOutputStream()
                    .write("%s\r\n%s%sContent-Length: %d\r\nConnection: close\r\n\r\n%s"
                        .formatted(line, host, headers, body.length(), body)
                        .getBytes(StandardCharsets.US_ASCII));
                return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            }
        }

    }

    @Nested
    @WithSqlite
    class Open extends Contract {

        @Test
        void otherHost_forbidsSniffing(@LocalServerPort int port) throws IOException {
            assertForbidden(send(port, "GET /images HTTP/1.1", "Host: evil.example.com\r\n", ""), "403");
        }

    }

    @Nested
    @WithSqlite
    @TestPropertySource(properties = { "dejavu.access.mode=tokens", "dejavu.admin-token=" + ADMIN })
    class Tokens extends Contract {

        @Test
        void unauthenticated_forbidsSniffing(@LocalServerPort int port) throws IOException {
            assertForbidden(send(port, "GET /images HTTP/1.1", "", ""), "401");
            assertForbidden(send(port, "GET /images HTTP/1.1", "Authorization: Bearer wrong\r\n", ""), "401");
        }

    }

}
