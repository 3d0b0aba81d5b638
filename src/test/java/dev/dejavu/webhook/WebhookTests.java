package dev.dejavu.webhook;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

class WebhookTests {

    @ExtendWith(OutputCaptureExtension.class)
    abstract static class Contract extends WebhookFixture {

        private static final String SHA256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

        @Test
        void event_leavesOtherRegistriesAlone() {
            String other = stored("ghcr.io/team/app:v1");
            sendAccepted("distribution", DISTRIBUTION);
            assertThat(isPresent(other)).isTrue();
        }

        @Test
        void events_ofOneListAreActedOnTogetherAndAudited(CapturedOutput output) {
            List<String> paths = new ArrayList<>();
            StringBuilder events = new StringBuilder();
            for (int i = 0; i < 300; i++) {
                paths.add(stored(REPOSITORY + i % 7 + ":many" + i));
                events.append((i > 0) ? "," : "")
                    .append("{\"id\":\"%d\",\"action\":\"delete\",\"target\":{\"repository\":\"team/app%d\",\"tag\":\"many%d\"}}"
                        .formatted(i, i % 7, i));
            }
            String other = stored(REPOSITORY + "1:many0");
            sendAccepted("distribution", "{\"events\":[" + events + "]}");
            assertThat(paths).noneMatch(this::isPresent);
            assertThat(isPresent(other)).isTrue();
            assertThat(output.toString().lines().filter((line) -> line.contains("\"action\":\"invalidated\""))).last()
                .asString()
                .contains("\"webhook\":\"distribution\"", "\"count\":300", "\"client_ip\":\"127.0.0.1\"",
                        "\"delete registry.example.com:5000/team/app3:many3\"");
        }

        @Test
        void secret_isATokenOrAPassword() {
            String basic = Base64.getEncoder().encodeToString(("zot:" + SECRET).getBytes(StandardCharsets.UTF_8));
            for (String credentials : List.of(SECRET, "Bearer " + SECRET, "Basic " + basic)) {
                assertThat(send("distribution", DISTRIBUTION, "Authorization", credentials).statusCode())
                    .as(credentials)
                    .isEqualTo(204);
            }
            String other = stored(REPOSITORY + ":v1");
            for (String credentials : List.of("", "Bearer", "Bearer ", "Basic " + basic.substring(1), "Basic Og==",
                    SECRET.toUpperCase(Locale.ROOT), SECRET + "1", "Bearer an-administrator-of-the-tests")) {
                assertProblem(send("distribution", DISTRIBUTION, "Authorization", credentials), 401, "unauthenticated");
            }
            assertProblem(send("distribution", DISTRIBUTION), 401, "unauthenticated");
            assertProblem(send("distribution", DISTRIBUTION, "X-Api-Key", SECRET), 401, "unauthenticated");
            assertProblem(send("nobody", DISTRIBUTION, "Authorization", SECRET), 401, "unauthenticated");
            assertThat(isPresent(other)).isTrue();
        }

        @ParameterizedTest
        @CsvSource({ "distribution,Authorization: wrong", "nobody,Authorization: wrong",
                "docker-hub?token=%gg,X-Other: wrong", "signed,X-Other: wrong", "signed,X-JFrog-Event-Auth: no hex",
                "nexus,X-Nexus-Webhook-Signature: " + SHA256 })
        void secret_isCheckedBeforeTheBodyIsRead(String webhook, String header) throws IOException {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), http.port())) {
                socket.setSoTimeout(5000);
                // of the body nothing ever comes
                socket.getOutputStream()
                    .write("POST /webhooks/%s HTTP/1.1\r\nHost: localhost\r\n%s\r\nContent-Length: 1000000\r\n\r\n"
                        .formatted(webhook, header)
                        .getBytes(StandardCharsets.US_ASCII));
                assertThat(new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII))
                    .isEqualTo("HTTP/1.1 401");
            }
        }

        @Test
        void body_notAnObjectIs400AndTooLargeIs413() {
            for (String body : List.of("", "[]", "7", "{")) {
                assertProblem(send("distribution", body, "Authorization", SECRET), 400, "malformed-body");
            }
            assertThat(http
                .send("POST", "/webhooks/distribution", BodyPublishers.ofString(DISTRIBUTION), "Content-Type",
                        "application/x-www-form-urlencoded", "Authorization", SECRET)
                .statusCode()).isEqualTo(415);
            String large = "{\"events\":\"" + "x".repeat(1024 * 1024) + "\"}";
            assertProblem(send("distribution", large, "Authorization", SECRET), 413, "too-large");
            String many = "{\"events\":[" + "{\"action\":\"pull\"},".repeat(10_000) + "{}]}";
            assertThat(send("distribution", many, "Authorization", SECRET).statusCode()).isEqualTo(204);
        }

        @Test
        void events_mayBeTenThousand() {
            List<String> deleted = List.of(stored(REPOSITORY + ":t0"), stored(REPOSITORY + ":t9999"));
            String other = stored(REPOSITORY + ":t10000");
            String body = IntStream.range(0, 10_000)
                .mapToObj("{\"action\":\"delete\",\"target\":{\"repository\":\"team/app\",\"tag\":\"t%d\"}}"::formatted)
                .collect(Collectors.joining(",", "{\"events\":[", "]}"));
            sendAccepted("distribution", body);
            assertThat(deleted).noneMatch(this::isPresent);
            assertThat(isPresent(other)).isTrue();
        }

        @Test
        void events_areCounted() {
            sendAccepted("distribution", DISTRIBUTION);
            assertThat(call("GET", "/actuator/prometheus", "").body())
                .contains("dejavu_webhook_events_total{kind=\"delete\",webhook=\"distribution\"}");
            assertThat(json(call("GET", "/actuator/health/registries", "")).path("status").asString()).isEqualTo("UP");
        }

    }

    @Nested
    @WithSqlite
    class OnSqlite extends Contract {

    }

    @Nested
    @WithPostgres
    class OnPostgres extends Contract {

    }

    @Nested
    @WithPostgres
    @TestPropertySource(properties = "dejavu.near-cache.max-size=0")
    class OnPostgresWithoutNearCache extends Contract {

    }

}
