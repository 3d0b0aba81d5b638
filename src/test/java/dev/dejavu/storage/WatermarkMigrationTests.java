package dev.dejavu.storage;

import java.nio.file.Path;
import java.util.List;

import javax.sql.DataSource;

import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

import dev.dejavu.testing.Postgres;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Rows of the version before watermarks.
 */
class WatermarkMigrationTests {

    private static final String INSERT = """
            insert into image_cache (hash, image_uri, created_at, revision, verified_at, verified_by, manifest_digest)
            values ('fresh', 'ghcr.io/acme/a:v1', 5, 1, 7, 'registry', 'sha256:a'),
                ('invalidated', 'ghcr.io/acme/a:v1', 5, 1, -7, 'registry', 'sha256:a'),
                ('old', 'ghcr.io/acme/a:v1', 5, 1, null, null, null)
            """;

    private static final String SELECT = """
            select hash, verified_at, invalidated_as_of, verified_as_of, rested_on from image_cache order by hash
            """;

    @Test
    void invalidatedRowsRemainInvalidatedOnSqlite(@TempDir Path folder) {
        migrate(Database.SQLITE, new DriverManagerDataSource("jdbc:sqlite:" + folder.resolve("cache.db")));
    }

    @Test
    void invalidatedRowsRemainInvalidatedOnPostgres() {
        migrate(Database.POSTGRESQL,
                new DriverManagerDataSource(Postgres.url(Postgres.port(), Postgres.newDatabase())));
    }

    private static void migrate(Database database, DataSource dataSource) {
        JdbcClient client = JdbcClient.create(dataSource);
        flyway(database, dataSource).target("14").load().migrate();
        client.sql(INSERT).update();
        flyway(database, dataSource).load().migrate();
        assertThat(client.sql(SELECT)
            .query((row, number) -> List.of(row.getString(1), String.valueOf(row.getString(2)), row.getLong(3),
                    row.getLong(4), String.valueOf(row.getString(5))))
            .list()).containsExactly(List.of("fresh", "7", 0L, 0L, "null"), List.of("invalidated", "5", 1L, 0L, "null"),
                    List.of("old", "null", 0L, 0L, "null"));
        assertThat(client.sql("select number from registry_counter").query(Long.class).single()).isOne();
    }

    @Test
    void whatIsPendingRemainsPendingOnSqlite(@TempDir Path folder) {
        migratePending(Database.SQLITE, new DriverManagerDataSource("jdbc:sqlite:" + folder.resolve("cache.db")));
    }

    @Test
    void whatIsPendingRemainsPendingOnPostgres() {
        migratePending(Database.POSTGRESQL,
                new DriverManagerDataSource(Postgres.url(Postgres.port(), Postgres.newDatabase())));
    }

    private static void migratePending(Database database, DataSource dataSource) {
        JdbcClient client = JdbcClient.create(dataSource);
        flyway(database, dataSource).target((database == Database.SQLITE) ? "15" : "16").load().migrate();
        client
            .sql("""
                    insert into registry_watermark (repository, subject, deleted_number, moved_number, pushed_number, latest_number,
                        settled_number, raised_at)
                    values ('r', ':settled', 5, 6, 7, 7, 7, 0), ('r', ':pending', 5, 6, 7, 7, 5, 0)
                    """)
            .update();
        flyway(database, dataSource).load().migrate();
        assertThat(client
            .sql("select deleted_pending, moved_pending, pushed_pending from registry_watermark order by subject desc")
            .query((row, number) -> List.of(row.getLong(1), row.getLong(2), row.getLong(3)))
            .list()).containsExactly(List.of(0L, 0L, 0L), List.of(0L, 6L, 7L));
    }

    private static FluentConfiguration flyway(Database database, DataSource dataSource) {
        FluentConfiguration flyway = Flyway.configure().dataSource(dataSource);
        database.addMigrations(flyway);
        return flyway;
    }

}
