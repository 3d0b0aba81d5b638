package dev.dejavu.storage;

import javax.sql.DataSource;

import org.springframework.boot.flyway.autoconfigure.FlywayConfigurationCustomizer;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * PostgreSQL has one pool for readers and writers.
 */
@Configuration(proxyBeanMethods = false)
@Conditional(Database.OnPostgresql.class)
class PostgresqlConfiguration {

    @Bean({ "reader", "writer" })
    JdbcClient jdbcClient(DataSource dataSource) {
        return JdbcClient.create(dataSource);
    }

    /**
     * A connection outside the pool, whose time-out of a second is made for lookups and
     * too short for a migration.
     */
    @Bean
    FlywayConfigurationCustomizer migrateOutsideThePool(JdbcConnectionDetails details) {
        return (flyway) -> flyway.dataSource(details.getJdbcUrl(), details.getUsername(), details.getPassword());
    }

}
