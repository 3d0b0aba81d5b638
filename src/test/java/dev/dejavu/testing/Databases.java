package dev.dejavu.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.List;

import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * The three databases a test can choose from. Tests that choose the same one share it and
 * the service in front of it, so each uses its own keys rather than wiping the tables.
 */
final class Databases {

    private Databases() {
    }

    static class Sqlite implements ApplicationContextInitializer<ConfigurableApplicationContext> {

        @Override
        public void initialize(ConfigurableApplicationContext context) {
            try {
                // in a folder that does not exist yet
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
            // Generous timeouts, as a busy machine may stall. PostgresqlFaultTests covers
            // the service's own.
            set(context,
                    "spring.datasource.url=" + Postgres.url(Postgres.port(), Postgres.newDatabase())
                            + "&socketTimeout=60",
                    "spring.datasource.hikari.connection-init-sql=set statement_timeout = 60000",
                    "spring.datasource.hikari.connection-timeout=60000");
        }

    }

    static class Container implements ApplicationContextInitializer<ConfigurableApplicationContext> {

        // Testcontainers stops it when the JVM exits.
        private static final PostgreSQLContainer postgres = new PostgreSQLContainer("postgres:18");

        @Override
        public void initialize(ConfigurableApplicationContext context) {
            postgres.start();
            set(context, "spring.datasource.url=" + postgres.getJdbcUrl(),
                    "spring.datasource.username=" + postgres.getUsername(),
                    "spring.datasource.password=" + postgres.getPassword());
        }

    }

    /**
     * Allows no registry and limits no rate, as the tests are one caller, unless a test
     * has its own setting.
     */
    private static void set(ConfigurableApplicationContext context, String... settings) {
        TestPropertyValues.of(settings).applyTo(context);
        for (String setting : List.of("dejavu.registry.allowed=", "dejavu.rate-limit.writes-per-second=0",
                "dejavu.rate-limit.resolves-per-second=0")) {
            if (!context.getEnvironment().containsProperty(setting.substring(0, setting.indexOf('=')))) {
                TestPropertyValues.of(setting).applyTo(context);
            }
        }
    }

}
