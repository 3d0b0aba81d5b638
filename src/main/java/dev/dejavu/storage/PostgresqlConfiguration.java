package dev.dejavu.storage;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;

import javax.sql.DataSource;

import com.zaxxer.hikari.HikariDataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.flyway.autoconfigure.FlywayConfigurationCustomizer;
import org.springframework.boot.flyway.autoconfigure.FlywayConnectionDetails;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.jdbc.autoconfigure.DataSourceProperties;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.transaction.support.TransactionOperations;
import org.springframework.transaction.support.TransactionTemplate;
import org.springframework.util.function.SingletonSupplier;

import dev.dejavu.cache.Scans;
import dev.dejavu.cache.ChangeListener;
import dev.dejavu.commit.GroupCommit;

/**
 * PostgreSQL has one pool for readers and writers.
 */
@Configuration(proxyBeanMethods = false)
@Conditional(Database.OnPostgresql.class)
class PostgresqlConfiguration {

    @Bean({ "reader", "writer" })
    JdbcClient jdbcClient(CircuitBreaker breaker) {
        return JdbcClient.create(breaker.dataSource());
    }

    @Bean
    CircuitBreaker circuitBreaker(HikariDataSource pool, PostgresqlLogin login) {
        return new CircuitBreaker(pool, login);
    }

    @Bean
    PostgresqlLogin postgresqlLogin(DataSourceProperties properties, Environment environment) {
        String file = environment.getProperty(PostgresqlLogin.PASSWORD_FILE, "");
        return new PostgresqlLogin(properties, file.isEmpty() ? null : Path.of(file));
    }

    /** In place of Spring Boot's, for which a standby is as good as its primary. */
    @Bean
    HealthIndicator dbHealthIndicator(JdbcClient reader, CircuitBreaker breaker) {
        return new DatabaseHealthIndicator(reader, CircuitBreaker.IS_READ_ONLY, breaker::suspect);
    }

    @Bean
    DatabaseClock clock(CircuitBreaker breaker, @Qualifier("machineClock") Clock machineClock) {
        return new DatabaseClock(breaker.dataSource(), machineClock);
    }

    @Bean
    RepeatedTask readClock(DatabaseClock clock) {
        return new RepeatedTask("clock", 0, clock::read, Duration.ofSeconds(5), Duration.ofMillis(500));
    }

    @Bean
    Scans scans() {
        return Scans.DIRECT;
    }

    @Bean
    CacheDatabase cacheDatabase(JdbcClient reader, JdbcClient writer, GroupCommit commit, CircuitBreaker breaker) {
        JdbcClient lookups = JdbcClient.create(impatient(breaker.dataSource()));
        return new CacheDatabase(reader, lookups, writer, commit, scans(), "for update");
    }

    /**
     * Connections whose answers may take 0.6 of the time that others may: what one
     * instance cannot read, the proxy in front asks the next one for, and all of that may
     * take 2 s.
     */
    private static DataSource impatient(DataSource dataSource) {
        return new DelegatingDataSource(dataSource) {

            @Override
            public Connection getConnection() throws SQLException {
                Connection connection = super.getConnection();
                try {
                    connection.setNetworkTimeout(Runnable::run, connection.getNetworkTimeout() / 10 * 6);
                }
                catch (SQLException ex) {
                    connection.close();
                    throw ex;
                }
                return connection;
            }

        };
    }

    @Bean
    TransactionOperations writing(CircuitBreaker breaker, HikariDataSource pool, DatabaseClock clock) {
        return new TransactionTemplate(new WriteTransactions(breaker.dataSource(),
                Objects.requireNonNull(PostgresqlSessions.of(pool)), clock));
    }

    @Bean
    PostgresqlChangeFeed changes(PostgresqlLogin login, HikariDataSource pool, CircuitBreaker breaker,
            ObjectProvider<ChangeListener> listeners, ObjectProvider<JdbcCacheRepository<?>> repositories) {
        // Late, because listeners need the feed themselves.
        return new PostgresqlChangeFeed(pool, login, SingletonSupplier.of(() -> listeners.orderedStream().toList()),
                () -> repositories.stream().toList(), breaker::suspect);
    }

    /** Its tables are where Flyway creates them, unless the URL says otherwise. */
    @Bean
    static BeanPostProcessor poolOfSessions(Environment environment, ObjectProvider<PostgresqlLogin> login) {
        return new BeanPostProcessor() {

            @Override
            public Object postProcessBeforeInitialization(Object bean, String name) {
                String schema = environment.getProperty("spring.flyway.default-schema",
                        Binder.get(environment)
                            .bind("spring.flyway.schemas", Bindable.listOf(String.class))
                            .map((schemas) -> schemas.isEmpty() ? "" : schemas.getFirst())
                            .orElse(""));
                if (bean instanceof HikariDataSource pool) {
                    pool.setDataSource(new PostgresqlSessions(pool, login.getObject()));
                    if (!schema.isEmpty()) {
                        pool.getDataSourceProperties().putIfAbsent("currentSchema", schema);
                    }
                }
                return bean;
            }

        };
    }

    @Bean
    MigrationConnections migrationConnections(PostgresqlLogin login, ObjectProvider<FlywayConnectionDetails> flyway) {
        FlywayConnectionDetails own = flyway.getIfAvailable();
        return new MigrationConnections((own != null) ? new MigrationLogin(login, own) : login);
    }

    /** And the triggers, as PostgreSQL alone has other instances. */
    @Bean
    FlywayConfigurationCustomizer migrateOutsideThePool(MigrationConnections connections) {
        return (flyway) -> Database.POSTGRESQL.addMigrations(flyway.dataSource(connections.dataSource()));
    }

    /** Flyway's own URL and user, if there are. */
    private record MigrationLogin(PostgresqlLogin login, FlywayConnectionDetails own) implements JdbcConnectionDetails {

        @Override
        public String getJdbcUrl() {
            String url = own.getJdbcUrl();
            return (url != null) ? url : login.getJdbcUrl();
        }

        @Override
        public @Nullable String getUsername() {
            String user = own.getUsername();
            return (user != null) ? user : login.getUsername();
        }

        @Override
        public @Nullable String getPassword() {
            return (own.getUsername() != null) ? own.getPassword() : login.getPassword();
        }

    }

}
