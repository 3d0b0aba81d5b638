package dev.dejavu.nearcache;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.function.Consumer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.Staleness;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Two instances on one PostgreSQL: no response is stale by more than a second, whatever
 * happens to the connection between them.
 */
class TwoInstancesTests extends TwoInstancesFixture {

    private static final String TERMINATE_LISTENERS = """
            select pg_terminate_backend(pid) from pg_stat_activity
            where (query like 'listen%' or query like '%pg_trigger%') and datname = current_database()
                and pid <> pg_backend_pid()
            """;

    @Test
    void writesAndRemovalsReachTheOtherInstanceWithinASecond() {
        for (int n = 0; n < 20; n++) {
            CacheKey key = cachedByOther();
            if (n % 2 == 0) {
                put(one, key, 2);
                Staleness.isBelowOneSecond(() -> version(other, key) == 2);
            }
            else {
                one.delete(path(key));
                Staleness.isBelowOneSecond(() -> version(other, key) == 0);
            }
        }
    }

    @Test
    void firstWriteReachesAnInstanceThatKnowsTheMissWithinASecond() {
        for (int n = 0; n < 20; n++) {
            CacheKey key = missedByOther();
            put(one, key, 1);
            Staleness.isBelowOneSecond(() -> version(other, key) == 1);
        }
    }

    @Test
    void firstWriteReachesAnInstanceThatKnowsAllKeysWithinASecond() {
        for (int n = 0; n < 20; n++) {
            missedByOther();
            NearCaches nearCaches = services.getLast().getBean(NearCaches.class);
            CacheKey key = Keys.next();
            await().atMost(Duration.ofSeconds(60)).until(() -> {
                other.get(path(Keys.next()));
                return nearCaches.nearCache("images").isKnownMiss(key);
            });
            put(one, key, 1);
            Staleness.isBelowOneSecond(() -> version(other, key) == 1);
        }
    }

    /** Whoever waits for a build would otherwise build what is there. */
    @Test
    void whoWaitsFindsTheFirstWriteOfTheOtherInstanceAtOnce() {
        for (int n = 0; n < 20; n++) {
            CacheKey key = missedByOther();
            put(one, key, 1);
            assertThat(other.get(path(key) + "?wait=1").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void missesAreNotBelievedWithoutTheFeed() {
        CacheKey key = missedByOther();
        proxy.freeze(true);
        put(one, key, 1);
        afterASecond(key, (response) -> assertThat(response.statusCode()).as(response.body()).isEqualTo(503));
        proxy.freeze(false);
        await().atMost(Duration.ofSeconds(60)).until(() -> version(other, key) == 1);
    }

    @Test
    void removalOfEverythingReachesTheOtherInstanceWithinASecond() {
        CacheKey key = cachedByOther();
        cachedByOther();
        assertThat(one.delete("/images").body()).isEqualTo("{\"removed\":2}");
        Staleness.isBelowOneSecond(() -> version(other, key) == 0);
    }

    /**
     * Listening instances must not wake each other. The two of this test send 20
     * heartbeats; transactions are counted for the whole server.
     */
    @Test
    void heartbeatsStayFew() throws Exception {
        cachedByOther();
        long before = transactions();
        Thread.sleep(Duration.ofSeconds(2));
        assertThat(transactions() - before).isBetween(4L, 100L);
    }

    private long transactions() throws SQLException {
        try (Connection connection = DriverManager.getConnection(Postgres.url(Postgres.port(), database));
                Statement statement = connection.createStatement();
                ResultSet number = statement.executeQuery("select pg_current_xact_id()::text::bigint")) {
            number.next();
            return number.getLong(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = { "alter table image_cache disable trigger image_cache_updated",
            "drop trigger bundle_cache_emptied on bundle_cache", """
                    create or replace trigger image_cache_inserted after insert on image_cache
                    referencing new table as written
                    for each statement execute function dejavu_notify_row('bundles', 'hash')
                    """, """
                    create or replace trigger image_cache_emptied after truncate on image_cache
                    for each statement execute function dejavu_notify_row('images', 'hash')
                    """ })
    void wrongTriggersDisableTheNearCache(String change) throws SQLException {
        CacheKey key = cachedByOther();
        try (Connection connection = DriverManager.getConnection(Postgres.url(Postgres.port(), database));
                Statement statement = connection.createStatement()) {
            statement.execute(change);
            statement.execute(TERMINATE_LISTENERS);
        }
        put(one, key, 2);
        Staleness.isBelowOneSecond(() -> version(other, key) == 2);
        put(one, key, 3);
        assertThat(version(other, key)).isEqualTo(3);
    }

    @Test
    void frozenConnectionServesNothingAsCurrentAfterASecond() {
        CacheKey key = cachedByOther();
        proxy.freeze(true);
        put(one, key, 2);
        afterASecond(key, TwoInstancesTests::assertStale);
        proxy.freeze(false);
        await().atMost(Duration.ofSeconds(60)).until(() -> version(other, key) == 2);
    }

    @Test
    void brokenConnectionServesNothingAsCurrentAfterASecond() throws IOException {
        CacheKey key = cachedByOther();
        proxy.cut();
        put(one, key, 2);
        afterASecond(key, TwoInstancesTests::assertStale);
        proxy.mend();
        await().atMost(Duration.ofSeconds(60)).until(() -> version(other, key) == 2);
    }

    @Test
    void changesMissedByTheListenerAreVisibleWithinASecond() throws SQLException {
        for (int n = 0; n < 5; n++) {
            CacheKey key = cachedByOther();
            CacheKey removed = cachedByOther();
            try (Connection connection = DriverManager.getConnection(Postgres.url(Postgres.port(), database));
                    Statement statement = connection.createStatement()) {
                statement.execute(TERMINATE_LISTENERS);
            }
            put(one, key, 2);
            one.delete(path(removed));
            Staleness.isBelowOneSecond(() -> version(other, key) == 2 && version(other, removed) == 0);
        }
    }

    private static void assertStale(HttpResponse<String> response) {
        assertThat(json(response).path("stale").asBoolean()).as(response.body()).isTrue();
    }

    /** Checks the other's answers from a second after a write that was acknowledged. */
    private void afterASecond(CacheKey key, Consumer<HttpResponse<String>> check) {
        long acknowledged = System.nanoTime();
        int checked = 0;
        while (System.nanoTime() - acknowledged < Duration.ofSeconds(4).toNanos()) {
            long requested = System.nanoTime();
            HttpResponse<String> response = other.get(path(key));
            if (requested - acknowledged > Staleness.LIMIT.toNanos()) {
                check.accept(response);
                checked++;
            }
        }
        assertThat(checked).isPositive();
    }

    private CacheKey missedByOther() {
        ChangeFeed changes = services.getLast().getBean(ChangeFeed.class);
        NearCaches nearCaches = services.getLast().getBean(NearCaches.class);
        await().atMost(Duration.ofSeconds(10)).until(changes::isCurrent);
        CacheKey key = Keys.next();
        await().atMost(Duration.ofSeconds(10))
            .until(() -> version(other, key) == 0 && nearCaches.nearCache("images").isKnownMiss(key));
        return key;
    }

    private CacheKey cachedByOther() {
        ChangeFeed changes = services.getLast().getBean(ChangeFeed.class);
        Cache<?> images = services.getLast().getBean("images", Cache.class);
        await().atMost(Duration.ofSeconds(10)).until(changes::isCurrent);
        CacheKey key = Keys.next();
        put(one, key, 1);
        await().atMost(Duration.ofSeconds(10))
            .until(() -> version(other, key) == 1 && images.lookups().findInMemory(key, false) != null);
        return key;
    }

}
