package dev.dejavu.storage;

import java.io.IOException;
import java.time.Clock;

import javax.sql.DataSource;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.flyway.autoconfigure.FlywayConfigurationCustomizer;
import org.springframework.boot.flyway.autoconfigure.FlywayDataSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionOperations;
import org.springframework.transaction.support.TransactionTemplate;

import dev.dejavu.cache.ChangeObserver;
import dev.dejavu.cache.Changes;
import dev.dejavu.cache.RegistryEvent;

/**
 * SQLite takes one writer at a time, and lets a second one poll the file. So all writers
 * share one connection and queue for it in the process, where waiting is fair and costs
 * nothing; readers have a pool of their own.
 */
@Configuration(proxyBeanMethods = false)
@Conditional(Database.OnSqlite.class)
class SqliteConfiguration {

    /**
     * Milliseconds in the queue; with {@link SqliteFile#BUSY} they stay below the 2 s
     * that a request may wait.
     */
    private static final long QUEUE = 1400;

    @Bean
    SqliteFile sqliteFile(Environment environment, Clock clock) {
        String url = environment.getRequiredProperty(Database.URL);
        try {
            return SqliteFile.open(url, clock);
        }
        catch (IOException ex) {
            String home = environment.getProperty("dejavu.home", "");
            boolean atHome = !home.isEmpty() && url.contains(home);
            throw new InvalidConfigurationPropertyValueException(atHome ? "dejavu.home" : Database.URL,
                    atHome ? home : url, "must be a place where this user may write (" + ex + ")");
        }
    }

    @Bean
    HikariDataSource readerDataSource(SqliteFile file) {
        HikariConfig config = pool(file, "sqlite-reader", 10);
        config.setConnectionInitSql("pragma query_only = on");
        return new HikariDataSource(config);
    }

    @Bean(defaultCandidate = false)
    @FlywayDataSource
    HikariDataSource writerDataSource(SqliteFile file) {
        return new HikariDataSource(pool(file, "sqlite-writer", 1));
    }

    private static HikariConfig pool(SqliteFile file, String name, int size) {
        HikariConfig config = new HikariConfig();
        config.setPoolName(name);
        config.setDataSource(file.dataSource());
        config.setMaximumPoolSize(size);
        config.setConnectionTimeout(QUEUE);
        return config;
    }

    /** The file is open to this process alone. */
    @Bean
    Changes changes(ObjectProvider<ChangeObserver> observers) {
        return new Changes() {

            @Override
            public boolean areTold() {
                return true;
            }

            @Override
            public void tell(RegistryEvent.Kind kind, String repository) {
                observers.forEach((observer) -> observer.told(kind, repository));
            }

        };
    }

    @Bean
    FlywayConfigurationCustomizer migrations() {
        return Database.SQLITE::addMigrations;
    }

    @Bean
    TransactionOperations writing(@Qualifier("writerDataSource") DataSource writerDataSource) {
        return new TransactionTemplate(new JdbcTransactionManager(writerDataSource));
    }

    @Bean
    JdbcClient reader(DataSource readerDataSource) {
        return JdbcClient.create(readerDataSource);
    }

    @Bean
    JdbcClient writer(@Qualifier("writerDataSource") DataSource writerDataSource) {
        return JdbcClient.create(writerDataSource);
    }

}
