package dev.dejavu.storage;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

import javax.sql.DataSource;

import org.apache.commons.dbcp2.BasicDataSource;
import org.apache.commons.dbcp2.ConnectionFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.LivenessState;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.flyway.autoconfigure.FlywayConfigurationCustomizer;
import org.springframework.boot.flyway.autoconfigure.FlywayDataSource;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;
import org.springframework.transaction.support.TransactionTemplate;

import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.commit.GroupCommit;

/**
 * SQLite takes one writer at a time, and lets a second one poll the file. So all writers
 * share one connection and queue for it in this process, where waiting is fair and cheap;
 * readers have a pool of their own.
 */
@Configuration(proxyBeanMethods = false)
@Conditional(Database.OnSqlite.class)
class SqliteConfiguration {

    /**
     * For the one writer; with {@link SqliteFile#BUSY_TIMEOUT} it stays below the 2 s
     * that a request may wait.
     */
    private static final Duration WRITER_WAIT = Duration.ofMillis(1400);

    /** Of the search for damage at the start; enough for a million entries. */
    private static final Duration CHECK_TIMEOUT = Duration.ofSeconds(2);

    /** Prepared statements per connection. */
    private static final int MAX_STATEMENTS = 64;

    /** One process has the file, so its own clock counts. */
    @Bean
    Clock clock(@Qualifier("machineClock") Clock machineClock) {
        return machineClock;
    }

    @Bean
    SqliteFile sqliteFile(Environment environment, Clock clock, ApplicationEventPublisher publisher) {
        String url = environment.getRequiredProperty(Database.URL);
        try {
            SqliteFile file = SqliteFile.open(url, clock, CHECK_TIMEOUT,
                    () -> AvailabilityChangeEvent.publish(publisher, url, LivenessState.BROKEN));
            file.watch();
            return file;
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
        BasicDataSource pool = pool(() -> SqliteScans.limit(file.connect()), 10);
        pool.setConnectionInitSqls(List.of("pragma query_only = on"));
        return pool;
    }

    @Bean(defaultCandidate = false)
    @FlywayDataSource
    BasicDataSource writerDataSource(SqliteFile file) {
        return pool(file::connect, 1);
    }

    /**
     * SQLite takes longer to prepare a statement than to execute it, so statements are
     * pooled.
     */
    private static BasicDataSource pool(ConnectionFactory connections, int size) {
        BasicDataSource pool = new BasicDataSource() {

            @Override
            protected ConnectionFactory createConnectionFactory() {
                return connections;
            }

        };
        pool.setMaxTotal(size);
        pool.setMaxIdle(size);
        pool.setMaxWait(WRITER_WAIT);
        pool.setTestOnBorrow(false);
        pool.setPoolPreparedStatements(true);
        pool.setMaxOpenPreparedStatements(MAX_STATEMENTS);
        return pool;
    }

    /** Only this process can open the file, so nothing else changes it. */
    @Bean
    ChangeFeed changes() {
        return () -> true;
    }

    @Bean
    FlywayConfigurationCustomizer migrations() {
        return Database.SQLITE::addMigrations;
    }

    @Bean
    TransactionOperations writing(SqliteTransactions transactions) {
        return new TransactionTemplate(transactions);
    }

    @Bean
    SqliteTransactions transactions(@Qualifier("writerDataSource") DataSource writerDataSource, SqliteFile file) {
        return new SqliteTransactions(writerDataSource, file, file.reserve());
    }

    @Bean
    JdbcClient reader(DataSource readerDataSource, SqliteTransactions transactions) {
        return client(readerDataSource, transactions);
    }

    @Bean
    JdbcClient writer(@Qualifier("writerDataSource") DataSource writerDataSource, SqliteTransactions transactions) {
        return client(writerDataSource, transactions);
    }

    @Bean
    SqliteScans scans() {
        return new SqliteScans();
    }

    @Bean
    HealthIndicator dbHealthIndicator(JdbcClient reader, SqliteFile file, SqliteTransactions transactions) {
        HealthIndicator database = new DatabaseHealthIndicator(reader, "select 0", () -> {
        });
        return () -> {
            if (!transactions.isWritable()) {
                return Health.outOfService().withDetail("reason", "the file cannot be written").build();
            }
            return file.reserve().isHeld() ? database.health() : onFullDisk(database.health());
        };
    }

    /** Lookups and deletions go on, so it stays {@code UP}. */
    private static @Nullable Health onFullDisk(@Nullable Health health) {
        return (health != null && health.getStatus().equals(Status.UP)) ? Health.up()
            .withDetail("reason", "the disk is almost full: what needs more space is not stored")
            .build() : health;
    }

    /** One connection writes, so no statement waits for a row. */
    @Bean
    CacheDatabase cacheDatabase(JdbcClient reader, JdbcClient writer, GroupCommit commit, SqliteScans scans) {
        return new CacheDatabase(reader, reader, writer, commit, scans, "");
    }

    private static JdbcClient client(DataSource dataSource, SqliteTransactions transactions) {
        JdbcTemplate template = new JdbcTemplate(dataSource);
        template.setExceptionTranslator(transactions.translator());
        return JdbcClient.create(template);
    }

}
