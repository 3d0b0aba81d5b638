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

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final HikariDataSource pool = new HikariDataSource();

    private final Heard heard = new Heard();

    private final Heard heardByOther = new Heard();

    private final PostgresqlChangeFeed changes = changes(heard);

    private final PostgresqlChangeFeed otherChanges = changes(heardByOther);

    private PostgresqlChangeFeed changes(Heard observer) {
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

        }, () -> List.of(observer), List::of);
    }

    @BeforeEach
    void start() {
        pool.setJdbcUrl(Postgres.url(Postgres.port(), Postgres.newDatabase()));
        FluentConfiguration flyway = Flyway.configure().dataSource(pool);
        Database.POSTGRESQL.addMigrations(flyway);
        flyway.load().migrate();
        for (PostgresqlChangeFeed each : List.of(changes, otherChanges)) {
            each.start();
            await().atMost(PATIENCE).until(each::isCurrent);
        }
    }

    @AfterEach
    void stop() {
        changes.stop();
        otherChanges.stop();
        pool.close();
    }

    @Test
    void eventIsToldToAllInstancesButTheOneThatTells() {
        changes.publish(RegistryEvent.Kind.PUSH, "ghcr.io/acme/first");
        otherChanges.publish(RegistryEvent.Kind.DELETE, "ghcr.io/acme/second");
        // They arrive in the order in which they were told.
        await().atMost(PATIENCE).until(() -> heard.events.contains("DELETE ghcr.io/acme/second"));
        assertThat(heard.events).containsExactly("DELETE ghcr.io/acme/second");
        changes.publish(RegistryEvent.Kind.PUSH, "ghcr.io/acme/third");
        await().atMost(PATIENCE).until(() -> heardByOther.events.contains("PUSH ghcr.io/acme/third"));
        assertThat(heardByOther.events).containsExactly("PUSH ghcr.io/acme/first", "PUSH ghcr.io/acme/third");
    }

    private static final class Heard implements ChangeListener {

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
            // It has begun to listen.
        }

    }

}
