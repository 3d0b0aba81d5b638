package dev.dejavu.storage;

import java.sql.SQLException;
import java.time.Duration;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.flyway.autoconfigure.FlywayMigrationStrategy;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/**
 * Migrates the tables. A database that does not answer at the start is waited for while
 * the service answers 503; as a health indicator this keeps the service unready until
 * then.
 */
@Component
class SchemaMigration implements FlywayMigrationStrategy, HealthIndicator, MeterBinder {

    private static final Logger log = LoggerFactory.getLogger(SchemaMigration.class);

    private static final Duration RETRY_DELAY = Duration.ofSeconds(1);

    private final Environment environment;

    private final ObjectProvider<SqliteFile> file;

    private volatile boolean migrated;

    SchemaMigration(Environment environment, ObjectProvider<SqliteFile> file) {
        this.environment = environment;
        this.file = file;
    }

    @Override
    public void migrate(Flyway flyway) {
        if (!tryMigrate(flyway)) {
            log.warn("The database does not answer yet: waiting for it, not ready until then");
            Thread.ofPlatform().daemon().name("schema").start(() -> waitAndMigrate(flyway));
        }
    }

    private void waitAndMigrate(Flyway flyway) {
        try {
            do {
                Thread.sleep(RETRY_DELAY);
            }
            while (!tryMigrate(flyway));
            log.info("The database answers: ready");
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
        catch (RuntimeException ex) {
            log.error("The database answers, but its tables cannot be brought up to date: not ready until a restart",
                    ex);
        }
    }

    private boolean tryMigrate(Flyway flyway) {
        try {
            flyway.migrate();
            migrated = true;
            return true;
        }
        catch (FlywayException ex) {
            file.ifAvailable((sqlite) -> sqlite.damage().report(ex));
            String state = sqlState(ex);
            if (state.startsWith("28")) {
                throw new InvalidConfigurationPropertyValueException("spring.datasource.username",
                        environment.getProperty("spring.datasource.username"),
                        "must be a user that PostgreSQL lets in with spring.datasource.password");
            }
            if (state.equals("3D000")) {
                throw new InvalidConfigurationPropertyValueException(Database.URL,
                        environment.getProperty(Database.URL), "must name a database that exists");
            }
            if (isUnavailable(state)) {
                return false;
            }
            throw ex;
        }
    }

    /**
     * Connection errors, and a server that is starting, stopping or has no connection to
     * give.
     * @see <a href=
     * "https://www.postgresql.org/docs/current/errcodes-appendix.html">PostgreSQL's error
     * codes</a>
     */
    private static boolean isUnavailable(String state) {
        return state.startsWith("08") || state.startsWith("57P") || state.startsWith("53");
    }

    private static String sqlState(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && sql.getSQLState() != null) {
                return sql.getSQLState();
            }
        }
        return "";
    }

    @Override
    public Health health() {
        return (migrated ? Health.up() : Health.down()).build();
    }

    @Override
    public void bindTo(MeterRegistry metrics) {
        Gauge.builder("dejavu.schema.current", this, (schema) -> schema.migrated ? 1 : 0)
            .description("1 once the tables are those of this version, 0 until then")
            .register(metrics);
    }

}
