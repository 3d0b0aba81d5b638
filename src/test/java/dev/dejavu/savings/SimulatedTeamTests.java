package dev.dejavu.savings;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;

import dev.dejavu.DejavuApplication;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.SettableClock;
import dev.dejavu.testing.SimulatedTeam;
import dev.dejavu.testing.SimulatedTeam.Instance;
import dev.dejavu.testing.SimulatedTeam.Truth;
import dev.dejavu.testing.TestClockConfiguration;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.data.Percentage.withPercentage;

/**
 * A team whose true savings are known, for three weeks, on instances that are restarted.
 */
class SimulatedTeamTests {

    private static final int DAYS_UNTIL_RESTART = 4;

    private final List<ConfigurableApplicationContext> services = new ArrayList<>();

    private final SettableClock start = new SettableClock();

    @AfterEach
    void stop() {
        services.forEach(ConfigurableApplicationContext::close);
    }

    @Test
    void ledgerOfOneInstanceOnSqliteIsTrue(@TempDir Path home) {
        assertLedgerIsTrue(1, "--dejavu.home=" + home);
    }

    @Test
    void ledgerOfTwoInstancesOnPostgresqlIsTrue() {
        // Generous timeouts, as a busy machine may stall.
        assertLedgerIsTrue(2,
                "--spring.datasource.url=" + Postgres.url(Postgres.port(), Postgres.newDatabase())
                        + "&socketTimeout=60",
                "--spring.datasource.hikari.connection-init-sql=set statement_timeout = 60000",
                "--spring.datasource.hikari.connection-timeout=60000");
    }

    private void assertLedgerIsTrue(int count, String... database) {
        SimulatedTeam team = new SimulatedTeam(7, start);
        int days = 0;
        while (team.hasNextDay()) {
            if (days % DAYS_UNTIL_RESTART == 0) {
                restart(count, database);
            }
            team.playDay(services.stream().map(SimulatedTeamTests::instance).toList());
            days++;
        }
        Instant end = services.getFirst().getBean(SettableClock.class).instant();
        restart(1, database);
        Http http = Http.of(services.getFirst());
        JsonNode savings = json(http.get("/savings?from=2026-02-01&to=" + end.plus(Duration.ofHours(1))));
        Truth truth = team.truth();
        JsonNode total = savings.path("total");
        assertThat(truth.hits()).isGreaterThan(1000);
        assertThat(total.path("hits").asLong()).isEqualTo(truth.hits());
        assertThat(total.path("misses").asLong()).isEqualTo(truth.misses());
        assertThat(total.path("reported_hits").asLong()).isEqualTo(truth.hits());
        assertThat(total.path("saved_seconds").asDouble()).isCloseTo(truth.savedSeconds(), withPercentage(5));
        assertThat(total.path("saved_bytes").asDouble()).isCloseTo(truth.savedBytes(), withPercentage(5));
        assertThat(total.path("spent_seconds").asDouble()).isCloseTo(truth.spentSeconds(), within(1e-3));
        assertThat(total.path("estimated_seconds").asDouble()).isPositive()
            .isLessThan(total.path("saved_seconds").asDouble() / 5);
        assertThat(savings.path("rows")).hasSize(21);
        assertThat(total.path("unpriced_hits").asLong()).isLessThan(truth.hits() / 100);
    }

    private void restart(int count, String... database) {
        services.forEach(ConfigurableApplicationContext::close);
        services.clear();
        for (int i = 0; i < count; i++) {
            List<String> arguments = new ArrayList<>(List.of("--server.port=0", "--dejavu.registry.allowed=",
                    "--dejavu.rate-limit.writes-per-second=0"));
            arguments.addAll(List.of(database));
            services.add(new SpringApplication(DejavuApplication.class, TestClockConfiguration.class)
                .run(arguments.toArray(String[]::new)));
        }
    }

    private static Instance instance(ConfigurableApplicationContext service) {
        return new Instance(Http.of(service), service.getBean(SettableClock.class), Map.of());
    }

}
