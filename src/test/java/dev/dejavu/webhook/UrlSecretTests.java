package dev.dejavu.webhook;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

@WithSqlite
@ExtendWith(OutputCaptureExtension.class)
@TestPropertySource(properties = { "server.tomcat.accesslog.enabled=true", "server.tomcat.accesslog.buffered=false",
        "server.tomcat.accesslog.pattern=%r %q", "logging.level.web=debug",
        "logging.level.org.springframework.security=trace" })
class UrlSecretTests extends WebhookFixture {

    /** What {@link #SECRET} is in a URL. */
    private static final String ENCODED = "sixteen+or%20longer";

    private static final String PUSH = "{\"push_data\":{\"tag\":\"v1\"},\"repository\":{\"repo_name\":\"acme/app\"}}";

    @TempDir
    private static Path logs;

    @DynamicPropertySource
    static void accessLog(DynamicPropertyRegistry registry) {
        registry.add("server.tomcat.accesslog.directory", () -> logs.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = { "docker-hub", "quay", "gar", "event-grid" })
    void secret_mayBeInTheUrlOfThoseThatSendNoHeader(String webhook) {
        assertThat(send(webhook + "?token=" + ENCODED, PUSH).statusCode()).isEqualTo(204);
        assertThat(send(webhook + "?token=sixteen%2Bor%20longer", PUSH).statusCode()).isEqualTo(204);
        assertThat(send(webhook + "?a=b&token=" + ENCODED + "&c", PUSH).statusCode()).isEqualTo(204);
        assertThat(send(webhook, PUSH, "Authorization", "Bearer " + SECRET).statusCode()).isEqualTo(204);
        for (String query : new String[] { "", "?", "?token", "?token=", "?token=x", "?token=" + ENCODED + "1",
                "?token=" + ENCODED.toUpperCase(Locale.ROOT), "?token=%FF", "?token=x&token=" + ENCODED,
                "?token=sixteen%20or%20longer", "?token=sixteen+or+longer", "?Token=" + ENCODED, "?secret=" + ENCODED,
                "?" + ENCODED }) {
            assertProblem(send(webhook + query, PUSH), 401, "unauthenticated");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = { "distribution", "harbor", "ecr", "signed", "nexus", "github", "nobody" })
    void secret_isInTheUrlOfNoOther(String webhook) {
        assertProblem(send(webhook + "?token=" + ENCODED, PUSH), 401, "unauthenticated");
    }

    @Test
    void secret_isInNoLog(CapturedOutput output) throws IOException {
        assertThat(send("docker-hub?token=" + ENCODED, PUSH).statusCode()).isEqualTo(204);
        assertProblem(send("docker-hub?token=" + ENCODED + "1", PUSH), 401, "unauthenticated");
        assertProblem(send("docker-hub?token=" + ENCODED, "["), 400, "malformed-body");
        assertThat(call("GET", "/stats?last=1", "").statusCode()).isEqualTo(200);
        // Those of webhooks come before it, as do the lines of the service.
        await().until(() -> accessLog().contains("/stats?last=1"));
        assertThat(accessLog()).contains("POST /webhooks/docker-hub HTTP/1.1").doesNotContain("sixteen");
        assertThat(output.getAll()).contains("POST /webhooks/docker-hub").doesNotContain("sixteen");
    }

    private static String accessLog() throws IOException {
        try (Stream<Path> files = Files.list(logs)) {
            StringBuilder text = new StringBuilder();
            for (Path file : files.toList()) {
                text.append(Files.readString(file));
            }
            return text.toString();
        }
    }

}
