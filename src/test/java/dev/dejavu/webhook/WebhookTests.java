package dev.dejavu.webhook;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * No registry is allowed here, so that events cannot be checked and take effect at once.
 */
class WebhookTests {

    private static final String SECRET = "sixteen or longer";

    private static final String DIGEST = "sha256:" + "2bb501e6".repeat(8);

    private static final String DISTRIBUTION = """
            {"events": [{"id": "1", "action": "delete", "target": {"repository": "team/app", "tag": "v1"}}]}
            """;

    @ParameterizedTest
    @ValueSource(strings = { "", "http://registry.example.com", "registry.example.com/", "a b", "host:", "::1" })
    void registryThatIsNoHostIsRejected(String registry) {
        Map<String, WebhookProperties.Webhook> webhooks = Map.of("w",
                new WebhookProperties.Webhook(Format.ZOT, registry, SECRET, null, false));
        assertThatThrownBy(() -> new WebhookProperties(webhooks)).hasMessageContaining("dejavu.webhooks.w.registry");
    }

    @TestPropertySource(properties = { "dejavu.webhooks.distribution.format=distribution",
            "dejavu.webhooks.distribution.registry=Registry.example.com:5000",
            "dejavu.webhooks.distribution.secret=" + SECRET, "dejavu.webhooks.harbor.format=harbor",
            "dejavu.webhooks.harbor.registry=registry.example.com:5000", "dejavu.webhooks.harbor.secret=" + SECRET,
            "dejavu.webhooks.zot.format=zot", "dejavu.webhooks.zot.registry=registry.example.com:5000",
            "dejavu.webhooks.zot.secret=" + SECRET, "dejavu.webhooks.acr.format=acr",
            "dejavu.webhooks.acr.registry=registry.example.com:5000", "dejavu.webhooks.acr.secret=" + SECRET,
            "dejavu.webhooks.ecr.format=ecr", "dejavu.webhooks.ecr.registry=registry.example.com:5000",
            "dejavu.webhooks.ecr.secret=" + SECRET, "dejavu.webhooks.jfrog.format=jfrog",
            "dejavu.webhooks.jfrog.registry=registry.example.com:5000", "dejavu.webhooks.jfrog.secret=" + SECRET,
            "dejavu.webhooks.signed.format=jfrog", "dejavu.webhooks.signed.registry=registry.example.com:5000/team",
            "dejavu.webhooks.signed.secret=" + SECRET, "dejavu.webhooks.signed.signed=true",
            "dejavu.access.mode=tokens", "dejavu.admin-token=an-administrator-of-the-tests" })
    abstract static class Contract {

        private static final String REPOSITORY = "registry.example.com:5000/team/app";

        private Http http = new Http(0);

        @BeforeEach
        void begin(@LocalServerPort int port) {
            this.http = new Http(port);
        }

        private HttpResponse<String> call(String method, String path, String body) {
            return http.send(method, path, BodyPublishers.ofString(body), "Content-Type", "application/json",
                    "Authorization", "Bearer an-administrator-of-the-tests");
        }

        private String stored(String uri) {
            String path = "/images/" + Keys.next();
            assertThat(call("PUT", path, "{\"image_uri\":\"" + uri + "\"}").statusCode()).isEqualTo(201);
            return path;
        }

        private boolean isPresent(String path) {
            return call("GET", path, "").statusCode() == 200;
        }

        private HttpResponse<String> send(String webhook, String body, String... headers) {
            List<String> all = new ArrayList<>(List.of(headers));
            all.addAll(List.of("Content-Type", "application/json"));
            return http.send("POST", "/webhooks/" + webhook, BodyPublishers.ofString(body), all.toArray(String[]::new));
        }

        private void sendAccepted(String webhook, String body, String... headers) {
            List<String> all = new ArrayList<>(List.of(headers));
            all.addAll(List.of(Format.valueOf(webhook.toUpperCase(Locale.ROOT)).header(), SECRET));
            HttpResponse<String> response = send(webhook, body, all.toArray(String[]::new));
            assertThat(response.statusCode()).as(response.body()).isEqualTo(204);
            assertThat(response.body()).isEmpty();
        }

        @ParameterizedTest
        @CsvSource(delimiter = '|', quoteCharacter = '`',
                textBlock = """
                        distribution | {"events": [{"action": "pull", "target": {"repository": "team/app"}}, {"action": "delete", "target": {"repository": "team/app", "tag": "v1"}}]}
                        harbor | {"type": "DELETE_ARTIFACT", "event_data": {"resources": [{"tag": "v1"}], "repository": {"name": "app", "repo_full_name": "team/app"}}}
                        harbor | {"specversion": "1.0", "type": "harbor.artifact.deleted", "data": {"resources": [{"tag": "v1"}], "repository": {"repo_full_name": "team/app"}}}
                        zot | {"specversion": "1.0", "type": "zotregistry.image.deleted", "data": {"name": "team/app", "reference": "v1"}}
                        zot | {"specversion": "1.0", "type": "com.example.image.deleted", "data": {"name": "team/app", "reference": "v1"}}
                        acr | {"action": "delete", "target": {"repository": "team/app", "tag": "v1"}, "request": {"host": "x.azurecr.io"}}
                        ecr | {"detail-type": "ECR Image Action", "source": "aws.ecr", "detail": {"result": "SUCCESS", "repository-name": "team/app", "action-type": "DELETE", "image-tag": "v1"}}
                        jfrog | {"domain": "docker", "event_type": "deleted", "data": {"repo_key": "team", "image_name": "app", "tag": "v1"}}
                        """)
        void deletedTag_removesItsEntries(String webhook, String body) {
            String deleted = stored(REPOSITORY + ":v1");
            String upper = stored(REPOSITORY.replace("registry", "Registry") + ":v1");
            List<String> others = List.of(stored(REPOSITORY + ":v11"), stored(REPOSITORY + ":v1@" + DIGEST),
                    stored(REPOSITORY + "@" + DIGEST), stored(REPOSITORY + "/v1:v1"),
                    stored(REPOSITORY.replace("5000", "5001") + ":v1"));
            sendAccepted(webhook, body);
            assertThat(isPresent(deleted)).isFalse();
            assertThat(isPresent(upper)).isFalse();
            assertThat(others).allMatch(this::isPresent);
        }

        @ParameterizedTest
        @CsvSource(delimiter = '|', quoteCharacter = '`',
                textBlock = """
                        distribution | {"events": [{"action": "delete", "target": {"repository": "team/app", "digest": "%s"}}]}
                        harbor | {"type": "DELETE_ARTIFACT", "event_data": {"resources": [{"digest": "%s", "tag": "v9"}], "repository": {"repo_full_name": "team/app"}}}
                        zot | {"specversion": "1.0", "type": "zotregistry.image.deleted", "data": {"name": "team/app", "reference": "%s", "digest": "%<s"}}
                        acr | {"action": "delete", "target": {"repository": "team/app", "digest": "%s"}}
                        ecr | {"detail-type": "ECR Image Action", "detail": {"result": "SUCCESS", "repository-name": "team/app", "action-type": "DELETE", "image-digest": "%s"}}
                        """)
        void deletedManifest_removesEveryTagOfItsRepository(String webhook, String body) {
            List<String> deleted = List.of(stored(REPOSITORY + ":v1"), stored(REPOSITORY + ":v2@" + DIGEST),
                    stored(REPOSITORY + "@" + DIGEST));
            String other = stored(REPOSITORY + "2:v1");
            sendAccepted(webhook, body.formatted(DIGEST));
            assertThat(deleted).noneMatch(this::isPresent);
            assertThat(isPresent(other)).isTrue();
        }

        @Test
        void cloudEvent_inBinaryMode_isRead() {
            String deleted = stored(REPOSITORY + ":v1");
            sendAccepted("zot", "{\"name\":\"team/app\",\"reference\":\"v1\",\"digest\":null}", "ce-type",
                    "zotregistry.image.deleted", "ce-specversion", "1.0");
            assertThat(isPresent(deleted)).isFalse();
        }

        @ParameterizedTest
        @ValueSource(strings = { "{}", "{\"events\":7}", "{\"events\":[1,null,{}]}",
                "{\"events\":[{\"action\":\"delete\",\"target\":{}}]}",
                "{\"events\":[{\"action\":\"delete\",\"target\":{\"repository\":\"team app\"}}]}",
                "{\"events\":[{\"action\":\"mount\",\"target\":{\"repository\":\"team/app\",\"tag\":\"v1\"}}]}",
                "{\"events\":[{\"action\":\"pull\",\"target\":{\"repository\":\"team/app\",\"tag\":\"v1\"}}]}",
                "{\"events\":[{\"action\":\"push\",\"target\":{\"repository\":\"team/app\",\"tag\":\"v1\"}}]}" })
        void eventThatIsNoDeletion_removesNothing(String body) {
            String other = stored(REPOSITORY + ":v1");
            sendAccepted("distribution", body);
            assertThat(isPresent(other)).isTrue();
        }

        @Test
        void event_leavesOtherRegistriesAlone() {
            String other = stored("ghcr.io/team/app:v1");
            sendAccepted("distribution", DISTRIBUTION);
            assertThat(isPresent(other)).isTrue();
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

        @Test
        void signature_isThatOfTheBody() throws Exception {
            String body = "{\"domain\":\"docker\",\"event_type\":\"deleted\",\"data\":{\"repo_key\":\"local\","
                    + "\"image_name\":\"app\",\"tag\":\"v1\"}}";
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(SECRET.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            String signature = HexFormat.of().formatHex(mac.doFinal(body.getBytes(StandardCharsets.UTF_8)));
            String deleted = stored(REPOSITORY + ":v1");
            assertProblem(send("signed", body, "X-JFrog-Event-Auth", SECRET), 401, "unauthenticated");
            assertProblem(send("signed", body + " ", "X-JFrog-Event-Auth", signature), 401, "unauthenticated");
            assertThat(isPresent(deleted)).isTrue();
            assertThat(send("signed", body, "X-JFrog-Event-Auth", "sha256=" + signature).statusCode()).isEqualTo(204);
            assertThat(isPresent(deleted)).isFalse();
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
