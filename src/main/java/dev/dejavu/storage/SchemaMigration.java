package dev.dejavu.storage;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.flywaydb.core.Flyway;
import org.jspecify.annotations.Nullable;
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
 * Migrates the tables. The start waits for it only for a moment: a database that does not
 * answer, a lock, and a large table take longer, and meanwhile the service is alive,
 * answers 503, and says why. As a health indicator this keeps it unready until then.
 */
@Component
class SchemaMigration implements FlywayMigrationStrategy, HealthIndicator, MeterBinder {

    private static final Logger log = LoggerFactory.getLogger(SchemaMigration.class);

    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private static final Duration RETRY_DELAY = Duration.ofSeconds(1);

    private final Environment environment;

    private final ObjectProvider<SqliteFile> file;

    private final ObjectProvider<MigrationConnections> connections;

    /** Ends with the first attempt; {@code false} when the start waits no longer. */
    private final CompletableFuture<Boolean> first = new CompletableFuture<>();

    private volatile boolean migrated;

    /** Why it is not; what was logged. */
    private volatile String reason = "";

    SchemaMigration(Environment environment, ObjectProvider<SqliteFile> file,
            ObjectProvider<MigrationConnections> connections) {
        this.environment = environment;
        this.file = file;
        this.connections = connections;
        // Then the tables are somebody else's care.
        this.migrated = !environment.getProperty("spring.flyway.enabled", Boolean.class, true);
    }

    @Override
    public void migrate(Flyway flyway) {
        Thread.ofPlatform().daemon().name("schema").start(() -> run(flyway));
        try {
            if (!first.completeOnTimeout(false, PATIENCE.toMillis(), TimeUnit.MILLISECONDS).get()) {
                MigrationConnections outside = connections.getIfAvailable();
                tell((outside != null) ? outside.reasonToWait() : MigrationConnections.MIGRATING);
            }
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
        catch (ExecutionException ex) {
            throw (ex.getCause() instanceof RuntimeException cause) ? cause : new IllegalStateException(ex.getCause());
        }
    }

    private void run(Flyway flyway) {
        try {
            while (!tryMigrate(flyway)) {
                Thread.sleep(RETRY_DELAY);
            }
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Tries it once.
     * @return whether there is nothing more to try
     */
    private boolean tryMigrate(Flyway flyway) {
        try {
            flyway.migrate();
            migrated = true;
            first.complete(true);
            if (!reason.isEmpty()) {
                log.info("The tables are up to date: ready");
            }
            return true;
        }
        catch (RuntimeException ex) {
            file.ifAvailable((sqlite) -> sqlite.damage().report(ex));
            RuntimeException lasting = lasting(ex);
            // Once the start has gone on, nobody would hear of it: then it is tried
            // again.
            if (lasting != null && first.completeExceptionally(lasting)) {
                return true;
            }
            tell(DriverMessage.of(ex));
            first.complete(true);
            return false;
        }
    }

    private synchronized void tell(String news) {
        if (!migrated && !news.equals(reason)) {
            reason = news;
            log.warn("The tables are not up to date yet, and the service is not ready until they are: {}", news);
        }
    }

    /** What no retry can change; {@code null} for all else. */
    private @Nullable RuntimeException lasting(RuntimeException failure) {
        SQLException cause = DriverMessage.cause(failure);
        String state = (cause != null) ? String.valueOf(cause.getSQLState()) : "null";
        if (state.startsWith("28")) {
            return new InvalidConfigurationPropertyValueException("spring.datasource.username",
                    environment.getProperty("spring.datasource.username"),
                    "must be a user that PostgreSQL lets in with spring.datasource.password");
        }
        if (state.equals("3D000")) {
            return new InvalidConfigurationPropertyValueException(Database.URL, environment.getProperty(Database.URL),
                    "must name a database that exists");
        }
        // SQLite has no states.
        return state.equals("null") ? failure : null;
    }

    @Override
    public Health health() {
        return migrated ? Health.up().build() : Health.down().withDetail("reason", reason).build();
    }

    @Override
    public void bindTo(MeterRegistry metrics) {
        Gauge.builder("dejavu.schema.current", this, (schema) -> schema.migrated ? 1 : 0)
            .description("1 once the tables are those of this version, 0 until then")
            .register(metrics);
    }

}
