package dev.dejavu.nearcache;

import java.time.Duration;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Scrape;
import dev.dejavu.testing.SettableRandom;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Every answer of the near cache is compared with the database here.
 */
class AnswerChecksTests {

    abstract static class Contract extends NearCacheFixture {

        @Autowired
        SettableRandom random;

        @BeforeEach
        void checkAll() {
            random.set(0);
        }

        @AfterEach
        void checkNone() {
            random.set(SettableRandom.NEVER);
        }

        double wrong() {
            return Scrape.of(http).value("dejavu_wrong_answers_total");
        }

        double compared() {
            return Scrape.of(http).value("dejavu_compared_answers_total");
        }

        @Test
        void hitThatTheDatabaseConfirmsIsNotWrong() {
            double wrong = wrong();
            double compared = compared();
            CacheKey key = cachedEntry("v1");
            get(key);
            await().until(() -> compared() > compared);
            assertThat(wrong()).isEqualTo(wrong);
        }

        @Test
        void missThatTheDatabaseConfirmsIsNotWrong() {
            double wrong = wrong();
            double compared = compared();
            CacheKey key = knownMiss();
            get(key);
            await().until(() -> compared() > compared);
            assertThat(wrong()).isEqualTo(wrong);
        }

        @Test
        void hitOfAKeyThatChangesMeanwhileIsNotWrong() {
            double wrong = wrong();
            CacheKey key = cachedEntry("v0");
            for (int i = 1; i <= 50; i++) {
                get(key);
                put(key, "v" + i);
                get(key);
            }
            double compared = compared();
            // Only a near hit is compared, and the last change may still be on its way.
            await().atMost(Duration.ofSeconds(20)).until(() -> {
                get(key);
                return compared() > compared;
            });
            assertThat(wrong()).isEqualTo(wrong);
        }

    }

    @Nested
    @WithSqlite
    class OnSqlite extends Contract {

        /** Nobody tells the near cache of a change by another connection. */
        @Test
        void hitThatTheDatabaseContradictsIsCountedAndDropped() {
            double wrong = wrong();
            CacheKey key = cachedEntry("v1");
            writer.sql("update image_cache set image_uri = 'ghcr.io/acme/a:v2', revision = revision + 1 where hash = ?")
                .param(key.hex())
                .update();
            assertThat(tag(get(key))).isEqualTo("v1");
            await().atMost(Duration.ofSeconds(20)).until(() -> wrong() > wrong);
            assertThat(tag(get(key))).isEqualTo("v2");
        }

        @Test
        void missThatTheDatabaseContradictsIsCountedAndDropped() {
            double wrong = wrong();
            CacheKey key = knownMiss();
            insert(key, "v1");
            assertThat(get(key).statusCode()).isEqualTo(404);
            await().atMost(Duration.ofSeconds(20)).until(() -> wrong() > wrong);
            assertThat(tag(get(key))).isEqualTo("v1");
        }

        @Test
        void missWithoutAQuestionThatTheDatabaseContradictsIsCountedAndNoSuchIsBelieved() {
            awaitAllKeys();
            double wrong = wrong();
            CacheKey key = Keys.next();
            insert(key, "v1");
            assertThat(get(key).statusCode()).isEqualTo(404);
            await().atMost(Duration.ofSeconds(20)).until(() -> wrong() > wrong);
            assertThat(isKnownMiss(Keys.next())).isFalse();
            assertThat(tag(get(key))).isEqualTo("v1");
        }

        @Test
        void hitThatTheDatabaseDoesNotHaveIsCounted() {
            double wrong = wrong();
            CacheKey key = cachedEntry("v1");
            writer.sql("delete from image_cache where hash = ?").param(key.hex()).update();
            get(key);
            await().atMost(Duration.ofSeconds(20)).until(() -> wrong() > wrong);
        }

    }

    @Nested
    @WithPostgres
    class OnPostgres extends Contract {

        @Test
        void changeByHandArrivesInTime() {
            double wrong = wrong();
            double compared = compared();
            CacheKey key = cachedEntry("v1");
            writer.sql("update image_cache set image_uri = 'ghcr.io/acme/a:v2', revision = revision + 1 where hash = ?")
                .param(key.hex())
                .update();
            await().until(() -> tag(get(key)).equals("v2"));
            await().atMost(Duration.ofSeconds(20)).until(() -> compared() > compared);
            assertThat(wrong()).isEqualTo(wrong);
        }

    }

}
