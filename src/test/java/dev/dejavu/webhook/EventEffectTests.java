package dev.dejavu.webhook;

import java.util.List;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What events do where the service may not ask the registry.
 */
class EventEffectTests {

    abstract static class Contract extends WebhookFixture {

        @Test
        void deletedTag_removesItsEntries() {
            String deleted = stored(REPOSITORY + ":v1");
            String upper = stored(REPOSITORY.replace("registry", "Registry") + ":v1");
            List<String> others = List.of(stored(REPOSITORY + ":v11"), stored(REPOSITORY + ":v1@" + DIGEST),
                    stored(REPOSITORY + "@" + DIGEST), stored(REPOSITORY + "/v1:v1"),
                    stored(REPOSITORY.replace("5000", "5001") + ":v1"));
            sendAccepted("distribution", DISTRIBUTION);
            assertThat(isPresent(deleted)).isFalse();
            assertThat(isPresent(upper)).isFalse();
            assertThat(others).allMatch(this::isPresent);
        }

        @Test
        void deletedManifest_removesEveryTagOfItsRepository() {
            List<String> deleted = List.of(stored(REPOSITORY + ":v1"), stored(REPOSITORY + ":v2@" + DIGEST),
                    stored(REPOSITORY + "@" + DIGEST));
            String other = stored(REPOSITORY + "2:v1");
            sendAccepted("distribution",
                    "{\"events\":[{\"action\":\"delete\",\"target\":{\"repository\":\"team/app\",\"digest\":\"%s\"}}]}"
                        .formatted(DIGEST));
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
