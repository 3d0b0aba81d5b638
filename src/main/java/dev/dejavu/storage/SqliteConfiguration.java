package dev.dejavu.storage;

import java.io.IOException;
import java.time.Clock;

import javax.sql.DataSource;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.flyway.autoconfigure.FlywayDataSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * SQLite takes one writer at a time, and lets a second one poll the file. So all writers
 * share one connection and queue for it in the process, where waiting is fair and costs
 * nothing; readers have a pool of their own.
 */
@Configuration(proxyBeanMethods = false)
@Conditional(Database.OnSqlite.class)
class SqliteConfiguration {

    /**
     * Milliseconds; what is left of the 2 s that a request may wait is for the write
     * itself.
     */
    private static final long LONGEST_QUEUE = 1800;

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
    @ConfigurationProperties("spring.datasource.hikari")
    HikariDataSource readerDataSource(SqliteFile file) {
        HikariDataSource dataSource = new HikariDataSource();
        dataSource.setPoolName("sqlite-reader");
        dataSource.setDataSource(file.dataSource());
        dataSource.setConnectionInitSql("pragma query_only = on");
        return dataSource;
    }

    @Bean(defaultCandidate = false)
    @FlywayDataSource
    HikariDataSource writerDataSource(SqliteFile file) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("sqlite-writer");
        config.setDataSource(file.dataSource());
        config.setMaximumPoolSize(1);
        config.setConnectionTimeout(LONGEST_QUEUE);
        return new HikariDataSource(config);
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
