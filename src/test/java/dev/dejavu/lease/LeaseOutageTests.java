package dev.dejavu.lease;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import com.zaxxer.hikari.HikariDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.PostgresServer;
import dev.dejavu.testing.Sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Requests that wait, while PostgreSQL or the way to it does not.
 */
class LeaseOutageTests extends LeaseFixture {

    private static final String TERMINATE_LISTENERS = """
            select pg_terminate_backend(pid) from pg_stat_activity
            where (query like 'listen%' or query like '%pg_trigger%') and datname = current_database()
                and pid <> pg_backend_pid()
            """;

    private PostgresServer server;

    private Http one = new Http(0);

    private Http other = new Http(0);

    @BeforeEach
    void begin() {
        server = PostgresServer.start();
        one = start(server.url("postgres"));
        other = start(server.url("postgres"));
    }

    @AfterEach
    void end() throws Exception {
        services.forEach((service) -> service.close());
        services.clear();
        server.close();
    }

    @Test
    void waitersSurviveARestartOfTheDatabase() throws Exception {
        Sample image = Sample.image();
        String token = taken(take(one, image));
        List<CompletableFuture<Answered>> waiters = wait(4, image, 25, other, one);
        server.kill();
        await().atMost(Duration.ofSeconds(20)).until(() -> take(one, image).statusCode() == 503);
        assertThat(take(one, Sample.image(), 20).statusCode()).isEqualTo(503);
        server.restart();
        await().atMost(Duration.ofSeconds(20)).until(() -> renew(one, image, token).statusCode() == 200);
        put(one, image);
        Instant stored = Instant.now();
        assertThat(all(waiters)).allSatisfy((answer) -> {
            assertThat(answer.status()).isEqualTo(200);
            assertThat(Duration.between(stored, answer.at())).isLessThan(Duration.ofSeconds(3));
        });
    }

    @Test
    void waitersAreAnsweredWhileTheDatabaseIsAway() {
        Sample image = Sample.image();
        taken(take(one, image));
        List<CompletableFuture<Answered>> waiters = wait(4, image, 4, other, one);
        CompletableFuture<Answered> reader = async(() -> other.get(image.path() + "?wait=4"));
        await().until(() -> waiting() == 5);
        Instant begin = Instant.now();
        server.kill();
        assertThat(all(waiters)).allMatch((answer) -> answer.status() == 202 || answer.status() == 503);
        assertThat(get(reader).status()).isIn(404, 503);
        assertThat(Duration.between(begin, Instant.now())).isLessThan(Duration.ofSeconds(8));
    }

    @Test
    void waitersHearOfWhatHappenedWhileTheFeedWasAway() {
        for (int i = 0; i < 3; i++) {
            Sample image = Sample.image();
            String token = taken(take(one, image));
            List<CompletableFuture<Answered>> waiters = wait(3, image, 25, other);
            server.execute(TERMINATE_LISTENERS);
            if (i == 0) {
                giveBack(one, image, token);
                await().until(() -> waiters.stream().anyMatch(CompletableFuture::isDone));
            }
            put(one, image);
            Instant stored = Instant.now();
            assertThat(all(waiters)).allSatisfy((answer) -> {
                assertThat(answer.status()).isIn(200, 201);
                assertThat(Duration.between(stored, answer.at())).isLessThan(Duration.ofSeconds(5));
            });
            assertThat(all(waiters).stream().filter((answer) -> answer.status() == 201)).hasSizeLessThan(2);
        }
    }

    @Test
    void crowdHoldsNoConnectionAndFewThreads() {
        Sample image = Sample.image();
        taken(take(one, image));
        int threads = Thread.getAllStackTraces().size();
        List<CompletableFuture<Answered>> waiters = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            waiters.add(async(() -> take(one, image, 25)));
        }
        await().atMost(Duration.ofSeconds(20))
            .failFast(() -> waiters.stream()
                .filter(CompletableFuture::isDone)
                .forEach((answer) -> assertThat(get(answer).response().body()).isNull()))
            .until(() -> waiting() == 500);
        HikariDataSource pool = services.getFirst().getBean(HikariDataSource.class);
        await().until(() -> pool.getHikariPoolMXBean().getActiveConnections() == 0);
        assertThat(Thread.getAllStackTraces().size() - threads).isLessThan(50);
        HttpResponse<String> answer = one.get(Sample.image().path());
        assertThat(answer.statusCode()).isEqualTo(404);
        long before = statements();
        put(other, image);
        Instant stored = Instant.now();
        assertThat(all(waiters)).allMatch((waiter) -> waiter.status() == 200)
            .allMatch((waiter) -> Duration.between(stored, waiter.at()).compareTo(Duration.ofSeconds(5)) < 0);
        assertThat(statements() - before).isLessThan(200);
    }

    /** Transactions of the whole server. */
    private long statements() {
        return Long.parseLong(server.query("select sum(xact_commit) from pg_stat_database"));
    }

}
