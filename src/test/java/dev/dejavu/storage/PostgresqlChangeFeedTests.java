package dev.dejavu.storage;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import com.zaxxer.hikari.HikariDataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeListener;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.testing.Postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Two instances on one PostgreSQL, without the service around them.
 */
class PostgresqlChangeFeedTests {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final HikariDataSource pool = new HikariDataSource();

    private final RecordingListener listener = new RecordingListener();

    private final RecordingListener otherListener = new RecordingListener();

    private final PostgresqlChangeFeed feed = feed(listener);

    private final PostgresqlChangeFeed otherFeed = feed(otherListener);

    private PostgresqlChangeFeed feed(RecordingListener changeListener) {
        return new PostgresqlChangeFeed(pool, new JdbcConnectionDetails() {

            @Override
            public String getUsername() {
                return "postgres";
            }

            @Override
            public String getPassword() {
                return "";
            }

            @Override
            public String getJdbcUrl() {
                return pool.getJdbcUrl();
            }

        }, () -> List.of(changeListener), List::of);
    }

    @BeforeEach
    void start() {
        pool.setJdbcUrl(Postgres.url(Postgres.port(), Postgres.newDatabase()));
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
    void eventReachesAllInstancesButItsPublisher() {
        feed.publish(List.of(new RegistryEvent(RegistryEvent.Kind.PUSH, "ghcr.io/acme/first", null, null)));
        otherFeed.publish(List.of(new RegistryEvent(RegistryEvent.Kind.DELETE, "ghcr.io/acme/second", null, null)));
        // Events arrive in the order in which they were published.
        await().atMost(TIMEOUT).until(() -> listener.events.contains("DELETE ghcr.io/acme/second"));
        assertThat(listener.events).containsExactly("DELETE ghcr.io/acme/second");
        feed.publish(List.of(new RegistryEvent(RegistryEvent.Kind.PUSH, "ghcr.io/acme/third", null, null)));
        await().atMost(TIMEOUT).until(() -> otherListener.events.contains("PUSH ghcr.io/acme/third"));
        assertThat(otherListener.events).containsExactly("PUSH ghcr.io/acme/first", "PUSH ghcr.io/acme/third");
    }

    private static final class RecordingListener implements ChangeListener {

        private final List<String> events = new CopyOnWriteArrayList<>();

        @Override
        public void onChange(String cache, List<CacheKey> keys) {
            throw new AssertionError("No row has changed");
        }

        @Override
        public void onRegistryEvent(RegistryEvent.Kind kind, String repository) {
            events.add(kind + " " + repository);
        }

        @Override
        public void onReset() {
            // called when it begins to listen
        }

    }

}
