package dev.dejavu.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;

import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * The three databases that a test can ask for. All tests that ask for the same one share
 * it, and the service in front of it: they use keys of their own rather than wipe.
 */
final class Databases {

    private Databases() {
    }

    static class Sqlite implements ApplicationContextInitializer<ConfigurableApplicationContext> {

        @Override
        public void initialize(ConfigurableApplicationContext context) {
            try {
                // with a folder that is not there yet
                set(context, "dejavu.home=" + Files.createTempDirectory("dejavu").resolve("home"));
            }
            catch (IOException ex) {
                throw new UncheckedIOException(ex);
            }
        }

    }

    static class Embedded implements ApplicationContextInitializer<ConfigurableApplicationContext> {

        @Override
        public void initialize(ConfigurableApplicationContext context) {
            // Patient, as a busy machine may stall: the service's own limits are
            // PostgresqlFaultTests' business.
            set(context,
                    "spring.datasource.url=" + Postgres.url(Postgres.port(), Postgres.newDatabase())
                            + "&socketTimeout=60",
                    "spring.datasource.hikari.connection-init-sql=set statement_timeout = 60000",
                    "spring.datasource.hikari.connection-timeout=60000");
        }

    }

    static class Container implements ApplicationContextInitializer<ConfigurableApplicationContext> {

        // Ended with the JVM by Testcontainers, or by the engine.
        private static final PostgreSQLContainer postgres = new PostgreSQLContainer("postgres:18");

        @Override
        public void initialize(ConfigurableApplicationContext context) {
            postgres.start();
            set(context, "spring.datasource.url=" + postgres.getJdbcUrl(),
                    "spring.datasource.username=" + postgres.getUsername(),
                    "spring.datasource.password=" + postgres.getPassword());
        }

    }

    /** No registry is asked, unless the test has one of its own. */
    private static void set(ConfigurableApplicationContext context, String... settings) {
        TestPropertyValues.of(settings).applyTo(context);
        if (!context.getEnvironment().containsProperty("dejavu.registry.allowed")) {
            TestPropertyValues.of("dejavu.registry.allowed=").applyTo(context);
        }
    }

}
