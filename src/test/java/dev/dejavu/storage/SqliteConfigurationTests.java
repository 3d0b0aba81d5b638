package dev.dejavu.storage;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;

import org.apache.commons.dbcp2.BasicDataSource;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.core.env.Environment;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

@WithSqlite
class SqliteConfigurationTests {

    @Test
    void writersShareOneConnection(@Autowired @Qualifier("writerDataSource") BasicDataSource writers) {
        assertThat(writers.getMaxTotal()).isEqualTo(1);
    }

    @Test
    void readersCannotWrite(@Autowired @Qualifier("reader") JdbcClient reader) {
        assertThatExceptionOfType(DataAccessException.class)
            .isThrownBy(() -> reader.sql("delete from image_cache").update());
    }

    @Test
    void lockedFileIs503InTimeForWritersAndReadable(@Autowired Environment environment, @LocalServerPort int port)
            throws Exception {
        Http http = new Http(port);
        String path = "/images/" + Keys.next();
        assertThat(http.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}").statusCode()).isEqualTo(201);
        try (Connection other = DriverManager.getConnection(environment.getRequiredProperty("spring.datasource.url"));
                Statement statement = other.createStatement()) {
            statement.execute("begin immediate");
            Instant before = Instant.now();
            assertProblem(http.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v2\"}"), 503, "storage-unavailable");
            assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofSeconds(2));
            assertThat(http.get(path).statusCode()).isEqualTo(200);
            statement.execute("rollback");
        }
        assertThat(http.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v2\"}").statusCode()).isEqualTo(200);
    }

}
