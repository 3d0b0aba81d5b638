package dev.dejavu.storage;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import com.zaxxer.hikari.HikariDataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.jdbc.autoconfigure.DataSourceProperties;
import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeListener;
import dev.dejavu.cache.Watermark;
import dev.dejavu.testing.Postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Two instances on one PostgreSQL, without the service around them.
 */
class PostgresqlChangeFeedTests {

    private static final String INSERT = "insert into bundle_cache (digest, hash_digest, remote_path, created_at, revision) values ";

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private static final Instant RAISED_AT = Instant.ofEpochMilli(1234);

    private static final String RAISE = """
            insert into registry_watermark (repository, subject, deleted_number, moved_number, pushed_number, pushed_digest,
                latest_number, deleted_pending, pushed_pending, raised_at) values (?, ?, ?, 0, ?, nullif(?, ''), ?, ?, ?, 1234)
            """;

    private final DataSourceProperties properties = new DataSourceProperties();

    private final HikariDataSource pool = new HikariDataSource();

    private final RecordingListener listener = new RecordingListener();

    private final RecordingListener otherListener = new RecordingListener();

    private final PostgresqlChangeFeed feed = feed(listener);

    private final PostgresqlChangeFeed otherFeed = feed(otherListener);

    private PostgresqlChangeFeed feed(RecordingListener changeListener) {
        return new PostgresqlChangeFeed(pool, new PostgresqlLogin(properties, null), () -> List.of(changeListener),
                List::of, () -> {
                });
    }

    @BeforeEach
    void start() {
        properties.setUrl(Postgres.url(Postgres.port(), Postgres.newDatabase()));
        pool.setJdbcUrl(properties.getUrl());
        FluentConfiguration flyway = Flyway.configure().dataSource(pool);
        Database.POSTGRESQL.addMigrations(flyway);
        flyway.load().migrate();
        for (PostgresqlChangeFeed each : List.of(feed, otherFeed)) {
            each.start();
            await().atMost(TIMEOUT).until(each::isCurrent);
        }
    }

    @AfterEach
    void stop() {
        feed.stop();
        otherFeed.stop();
        pool.close();
    }

    @Test
    void watermarkReachesAllInstances() {
        JdbcClient database = JdbcClient.create(pool);
        database.sql(RAISE).params("ghcr.io/acme/first", "", 0, 7, "", 7, 0, 0).update();
        database.sql(RAISE).params("ghcr.io/acme/first", ":v1", 5, 8, "sha256:a", 8, 5, 8).update();
        database.sql(RAISE).params("ghcr.io/acme/first", "@sha256:b", 9, 0, "", 9, 9, 0).update();
        for (RecordingListener each : List.of(listener, otherListener)) {
            await().atMost(TIMEOUT).until(() -> each.watermarks.size() == 3);
            assertThat(each.watermarks).containsExactly(
                    new Watermark("ghcr.io/acme/first", "", 0, 0, 7, null, 7, 0, RAISED_AT),
                    new Watermark("ghcr.io/acme/first", ":v1", 5, 0, 8, "sha256:a", 8, 5, RAISED_AT),
                    new Watermark("ghcr.io/acme/first", "@sha256:b", 9, 0, 0, null, 9, 9, RAISED_AT));
        }
    }

    @Test
    void deletionIsToldFromAWrite() {
        JdbcClient database = JdbcClient.create(pool);
        database.sql(INSERT + "('00', 'h', 's3://b/p', 1, 1), ('01', 'h', 's3://b/p', 1, 1)").update();
        database.sql("delete from bundle_cache").update();
        await().atMost(TIMEOUT).until(() -> listener.changes.size() == 2);
        assertThat(listener.changes).containsExactly("written bundles [00, 01]", "removed bundles [00, 01]");
    }

    /** A payload has 8,000 bytes. */
    @Test
    void anyNumberOfKeysIsToldOfOneStatement() {
        JdbcClient database = JdbcClient.create(pool);
        String rows = """
                insert into bundle_cache (digest, overlay, hash_digest, remote_path, created_at, revision)
                select lpad(to_hex(n), 128, '0'), repeat('o', 200), 'h', 's3://b/p', 1, 1 from generate_series(1, 64) n
                on conflict (digest, overlay) do update set revision = 2
                """;
        for (int time = 0; time < 2; time++) {
            listener.changes.clear();
            database.sql(rows).update();
            await().atMost(TIMEOUT)
                .until(() -> listener.changes.stream().mapToInt((change) -> change.split(",").length).sum() == 64);
        }
    }

    @Test
    void keyThatIsRenamedByHandIsTold() {
        JdbcClient database = JdbcClient.create(pool);
        database.sql(INSERT + "('00', 'h', 's3://b/p', 1, 1)").update();
        database.sql("update bundle_cache set digest = '01'").update();
        await().atMost(TIMEOUT).until(() -> listener.changes.size() == 3);
        assertThat(listener.changes).startsWith("written bundles [00]")
            .containsExactlyInAnyOrder("written bundles [00]", "written bundles [00]", "written bundles [01]");
    }

    private static final class RecordingListener implements ChangeListener {

        private final List<Watermark> watermarks = new CopyOnWriteArrayList<>();

        private final List<String> changes = new CopyOnWriteArrayList<>();

        @Override
        public void onChange(String cache, List<CacheKey> keys) {
            changes.add("written " + cache + " " + keys);
        }

        @Override
        public void onRemoved(String cache, List<CacheKey> keys) {
            changes.add("removed " + cache + " " + keys);
        }

        @Override
        public void onWatermark(Watermark watermark) {
            watermarks.add(watermark);
        }

        @Override
        public void onReset() {
            // called when it begins to listen
        }

    }

}
