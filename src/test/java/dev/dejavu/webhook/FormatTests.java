package dev.dejavu.webhook;

import java.util.List;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;

class FormatTests {

    abstract static class Contract extends WebhookFixture {

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
