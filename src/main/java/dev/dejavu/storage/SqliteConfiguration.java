package dev.dejavu.storage;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

import javax.sql.DataSource;

import org.apache.commons.dbcp2.BasicDataSource;
import org.apache.commons.dbcp2.ConnectionFactory;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.LivenessState;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.flyway.autoconfigure.FlywayConfigurationCustomizer;
import org.springframework.boot.flyway.autoconfigure.FlywayDataSource;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.jdbc.support.SQLExceptionSubclassTranslator;
import org.springframework.jdbc.support.SQLExceptionTranslator;
import org.springframework.transaction.support.TransactionOperations;
import org.springframework.transaction.support.TransactionTemplate;

import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.commit.GroupCommit;

/**
 * SQLite takes one writer at a time, and lets a second one poll the file. So all writers
 * share one connection and queue for it in the process, where waiting is fair and costs
 * nothing; readers have a pool of their own.
 */
@Configuration(proxyBeanMethods = false)
@Conditional(Database.OnSqlite.class)
class SqliteConfiguration {

    /**
     * In the queue for the writer; with {@link SqliteFile#BUSY} it stays below the 2 s
     * that a request may wait.
     */
    private static final Duration QUEUE = Duration.ofMillis(1400);

    /** For damage, at the start; enough for a million entries. */
    private static final Duration LOOK = Duration.ofSeconds(2);

    /** Those that are kept of each connection. */
    private static final int STATEMENTS = 16;

    @Bean
    SqliteFile sqliteFile(Environment environment, Clock clock, ApplicationEventPublisher publisher) {
        String url = environment.getRequiredProperty(Database.URL);
        try {
            return SqliteFile.open(url, clock, LOOK,
                    () -> AvailabilityChangeEvent.publish(publisher, url, LivenessState.BROKEN));
        }
        catch (IOException ex) {
            String home = environment.getProperty("dejavu.home", "");
            boolean atHome = !home.isEmpty() && url.contains(home);
            throw new InvalidConfigurationPropertyValueException(atHome ? "dejavu.home" : Database.URL,
                    atHome ? home : url, "must be a place where this user may write (" + ex + ")");
        }
    }

    @Bean
    BasicDataSource readerDataSource(SqliteFile file) {
        BasicDataSource pool = pool(file, 10);
        pool.setConnectionInitSqls(List.of("pragma query_only = on"));
        return pool;
    }

    @Bean(defaultCandidate = false)
    @FlywayDataSource
    BasicDataSource writerDataSource(SqliteFile file) {
        return pool(file, 1);
    }

    /**
     * To prepare a statement takes SQLite longer than to carry it out, so they are kept.
     */
    private static BasicDataSource pool(SqliteFile file, int size) {
        BasicDataSource pool = new BasicDataSource() {

            @Override
            protected ConnectionFactory createConnectionFactory() {
                return file::connect;
            }

        };
        pool.setMaxTotal(size);
        pool.setMaxIdle(size);
        pool.setMaxWait(QUEUE);
        pool.setTestOnBorrow(false);
        pool.setPoolPreparedStatements(true);
        pool.setMaxOpenPreparedStatements(STATEMENTS);
        return pool;
    }

    /** The file is open to this process alone. */
    @Bean
    ChangeFeed changes() {
        return new ChangeFeed() {

            @Override
            public boolean isCurrent() {
                return true;
            }

            @Override
            public void publish(RegistryEvent.Kind kind, String repository) {
                // There are no others.
            }

        };
    }

    @Bean
    FlywayConfigurationCustomizer migrations() {
        return Database.SQLITE::addMigrations;
    }

    @Bean
    CacheStorage cacheStorage(JdbcClient reader, JdbcClient writer, GroupCommit commit) {
        return new CacheStorage(reader, writer, commit, "");
    }

    @Bean
    TransactionOperations writing(@Qualifier("writerDataSource") DataSource writerDataSource) {
        return new TransactionTemplate(new JdbcTransactionManager(writerDataSource));
    }

    @Bean
    JdbcClient reader(DataSource readerDataSource, SqliteFile file) {
        return client(readerDataSource, file);
    }

    @Bean
    JdbcClient writer(@Qualifier("writerDataSource") DataSource writerDataSource, SqliteFile file) {
        return client(writerDataSource, file);
    }

    private static JdbcClient client(DataSource dataSource, SqliteFile file) {
        SQLExceptionTranslator usual = new SQLExceptionSubclassTranslator();
        JdbcTemplate template = new JdbcTemplate(dataSource);
        template.setExceptionTranslator((task, sql, ex) -> {
            file.noteDamage(ex);
            return usual.translate(task, sql, ex);
        });
        return JdbcClient.create(template);
    }

}
