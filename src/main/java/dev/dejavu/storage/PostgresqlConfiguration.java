package dev.dejavu.storage;

import java.time.Clock;

import javax.sql.DataSource;

import com.zaxxer.hikari.HikariDataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.flyway.autoconfigure.FlywayConfigurationCustomizer;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;
import org.springframework.transaction.support.TransactionTemplate;
import org.springframework.util.function.SingletonSupplier;

import dev.dejavu.cache.ChangeListener;
import dev.dejavu.commit.GroupCommit;

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

    @Bean
    DatabaseClock clock(DataSource dataSource, @Qualifier("machineClock") Clock machineClock) {
        return new DatabaseClock(dataSource, machineClock);
    }

    @Bean
    CacheDatabase cacheDatabase(JdbcClient reader, JdbcClient writer, GroupCommit commit) {
        return new CacheDatabase(reader, writer, commit, Scans.DIRECT, "for update");
    }

    @Bean
    TransactionOperations writing(DataSource dataSource) {
        return new TransactionTemplate(new WriteTransactions(dataSource));
    }

    @Bean
    PostgresqlChangeFeed changes(JdbcConnectionDetails details, HikariDataSource pool,
            ObjectProvider<ChangeListener> listeners, ObjectProvider<JdbcCacheRepository<?>> repositories) {
        // Late, because listeners need the feed themselves.
        return new PostgresqlChangeFeed(pool, details, SingletonSupplier.of(() -> listeners.orderedStream().toList()),
                () -> repositories.stream().toList());
    }

    /**
     * A connection outside the pool, whose timeout of a second suits lookups and is too
     * short for a migration; and the triggers, as PostgreSQL alone has other instances.
     */
    @Bean
    FlywayConfigurationCustomizer migrateOutsideThePool(JdbcConnectionDetails details) {
        return (flyway) -> Database.POSTGRESQL
            .addMigrations(flyway.dataSource(details.getJdbcUrl(), details.getUsername(), details.getPassword()));
    }

}
