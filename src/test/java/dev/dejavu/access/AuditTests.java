package dev.dejavu.access;

import java.time.Duration;
import java.util.List;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.ServiceProcess;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class AuditTests extends AccessFixture {

    @ParameterizedTest
    @ValueSource(booleans = { true, false })
    void auditLogHasActorAndChangeButNoSecret(boolean postgresql) throws Exception {
        String url = postgresql ? Postgres.url(Postgres.port(), Postgres.newDatabase()) : sqliteUrl();
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + url, "dejavu.access.mode=tokens",
                "dejavu.admin-token=" + ADMIN)) {
            Http http = service.http();
            Sample image = Sample.image();
            String path = image.path();
            String secret = json(createToken(http, "ada", "write")).path("secret").asString();
            send(http, secret, "PUT", path, image.body());
            send(http, secret, "PUT", path, image.body());
            send(http, secret, "POST", "/nothing", "{}");
            send(http, secret, "PUT", path, image.other("a").body());
            send(http, ADMIN, "PUT", path, image.body());
            send(http, ADMIN, "DELETE", path, "");
            send(http, ADMIN, "DELETE", "/images?image_uri=ghcr.io/acme/none:v1", "");
            get(http, "djv_wrong-but-long-enough-to-be-seen", "/stats");
            String actor = "\"actor\":\"ada\"";
            assertThat(auditLines(service, path.substring("/images/".length()))).satisfiesExactly(
                    (line) -> assertThat(line).contains("\"action\":\"added\"", "\"cache\":\"images\"", actor,
                            "\"client_ip\":\"127.0.0.1\"", "\"value\":\"" + image.value() + "\""),
                    (line) -> assertThat(line).contains("\"action\":\"renewed\"", actor),
                    (line) -> assertThat(line).doesNotContain("WARN")
                        .contains("\"action\":\"changed\"", actor, "\"value\":\"" + image.other("a").value() + "\"",
                                "\"previous_value\":\"" + image.value() + "\""),
                    (line) -> assertThat(line).contains("WARN", "\"action\":\"changed\"", "\"actor\":\"admin\"",
                            "\"previous_actor\":\"ada\"", image.other("a").value()),
                    (line) -> assertThat(line).contains("\"action\":\"removed\"", "\"actor\":\"admin\""));
            assertThat(get(http, ADMIN, "/actuator/prometheus").body())
                .contains("dejavu_changed_total{cache=\"images\"} 1.0");
            assertThat(auditLines(service, "ghcr.io/acme/none:v1")).hasSize(1);
            assertThat(auditLines(service, "ada")).anyMatch((line) -> line.contains("\"cache\":\"tokens\""));
            assertThat(service.output()).doesNotContain(secret, ADMIN, "djv_wrong");
        }
    }

    /** The log of a process reaches its reader later than the response it is about. */
    private static List<String> auditLines(ServiceProcess service, String text) {
        await().atMost(Duration.ofSeconds(10)).until(() -> service.output().contains("ghcr.io/acme/none:v1"));
        return service.output()
            .lines()
            .filter((line) -> line.contains("dev.dejavu.audit") && line.contains(text))
            .toList();
    }

}
