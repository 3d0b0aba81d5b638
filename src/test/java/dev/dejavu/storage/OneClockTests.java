package dev.dejavu.storage;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import com.zaxxer.hikari.HikariDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.support.AbstractBeanDefinition;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

import dev.dejavu.DejavuApplication;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Postgres;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * Instances on one PostgreSQL, with other clocks and other TTLs.
 */
@ExtendWith(OutputCaptureExtension.class)
class OneClockTests {

    private static final String BODY = "{\"image_uri\":\"ghcr.io/acme/clock:v1\"}";

    private final String database = Postgres.newDatabase();

    private final List<ConfigurableApplicationContext> services = new ArrayList<>();

    @AfterEach
    void stop() {
        services.forEach(ConfigurableApplicationContext::close);
    }

    @ParameterizedTest
    @ValueSource(strings = { "PT1H", "PT-1H" })
    void instanceWithAWrongClockGoesByTheDatabases(Duration skew, CapturedOutput output) {
        Http wrong = service(skew, "--dejavu.image.ttl=10m", "--dejavu.pruning.interval=1s");
        Http right = service(Duration.ZERO, "--dejavu.image.ttl=10m", "--dejavu.near-cache.max-size=0");
        String path = "/images/" + Keys.next();
        assertThat(wrong.put(path, BODY).statusCode()).isEqualTo(201);
        Instant createdAt = Instant.parse(json(right.get(path)).path("created_at").asString());
        assertThat(Duration.between(createdAt, Instant.now()).abs()).isLessThan(Duration.ofMinutes(1));
        String other = "/images/" + Keys.next();
        assertThat(right.put(other, BODY).statusCode()).isEqualTo(201);
        assertThat(wrong.get(other).statusCode()).isEqualTo(200);
        awaitPrune();
        assertThat(right.get(path).statusCode()).isEqualTo(200);
        assertThat(right.get(other).statusCode()).isEqualTo(200);
        assertThat(output).containsOnlyOnce("The clock of this machine is");
        Duration told = Duration
            .parse(json(wrong.get("/actuator/health/clock")).at("/components/clockSkew/details/skew").asString());
        assertThat(told.minus(skew).abs()).isLessThan(Duration.ofMinutes(1));
        assertThat(wrong.get("/actuator/health").statusCode()).isEqualTo(200);
    }

    @Test
    void instanceWithAShorterTtlDeletesNothingThatOthersServe() {
        Http other = service(Duration.ZERO, "--dejavu.near-cache.max-size=0");
        String path = "/images/" + Keys.next();
        assertThat(other.put(path, BODY).statusCode()).isEqualTo(201);
        Http hasty = service(Duration.ZERO, "--dejavu.image.ttl=1s", "--dejavu.pruning.interval=1s");
        await().atMost(Duration.ofMinutes(1)).until(() -> hasty.get(path).statusCode() == 404);
        awaitPrune();
        assertThat(other.get(path).statusCode()).isEqualTo(200);
        // The longer TTL ends to count a day after the last instance that had it.
        services.removeFirst().close();
        JdbcClient client = services.getFirst().getBean("writer", JdbcClient.class);
        client.sql("update announced_ttl set announced_at = announced_at - 86400001 where ttl > 1000").update();
        await().atMost(Duration.ofMinutes(1))
            .until(() -> client.sql("select count(*) from image_cache").query(Integer.class).single() == 0);
    }

    /** As after a start without PostgreSQL. */
    @Test
    void nothingIsWrittenBeforeTheClockOfTheDatabaseIsKnown() {
        service(Duration.ZERO);
        HikariDataSource pool = services.getFirst().getBean(HikariDataSource.class);
        DatabaseClock clock = new DatabaseClock(pool, Clock.systemUTC());
        PostgresqlSessions sessions = Objects.requireNonNull(PostgresqlSessions.of(pool));
        TransactionTemplate writing = new TransactionTemplate(new WriteTransactions(pool, sessions, clock));
        assertThatThrownBy(() -> writing.execute((status) -> 1)).isInstanceOf(DataAccessResourceFailureException.class)
            .hasMessageContaining("clock");
        assertThat(clock.read()).isTrue();
        assertThat(writing.<Integer>execute((status) -> 1)).isEqualTo(1);
    }

    /** Waits until a row that all take for expired is gone. */
    private void awaitPrune() {
        JdbcClient client = services.getFirst().getBean("writer", JdbcClient.class);
        for (int n = 0; n < 2; n++) {
            String hash = Keys.next().hex();
            client.sql("insert into image_cache (hash, image_uri, created_at, revision) values (?, 'old', 1, 1)")
                .param(hash)
                .update();
            await().atMost(Duration.ofMinutes(1))
                .until(() -> client.sql("select 1 from image_cache where hash = ?")
                    .param(hash)
                    .query()
                    .listOfRows()
                    .isEmpty());
        }
    }

    private Http service(Duration skew, String... settings) {
        SpringApplication application = new SpringApplication(DejavuApplication.class);
        application.addInitializers((context) -> ((GenericApplicationContext) context).registerBean("machineClock",
                Clock.class, () -> Clock.offset(Clock.systemUTC(), skew),
                (bean) -> ((AbstractBeanDefinition) bean).setDefaultCandidate(false)));
        List<String> arguments = new ArrayList<>(List.of("--server.port=0",
                "--spring.datasource.url=" + Postgres.url(Postgres.port(), database), "--dejavu.registry.allowed=",
                "--dejavu.pruning.probability=0", "--spring.main.allow-bean-definition-overriding=true"));
        arguments.addAll(List.of(settings));
        ConfigurableApplicationContext service = application.run(arguments.toArray(String[]::new));
        services.add(service);
        return Http.of(service);
    }

}
