package dev.dejavu.lease;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Sample;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * How leases end whose holders say nothing: they die, hang, or hold too many.
 */
class LeaseEndTests {

    private static final Duration TTL = Duration.ofSeconds(2);

    abstract static class Contract extends LeaseFixture {

        private static final String[] SETTINGS = { "--dejavu.lease.ttl=2s", "--dejavu.lease.max-per-caller=20" };

        private final boolean isPostgresql;

        private String url = "";

        private Http one = new Http(0);

        private Http other = new Http(0);

        Contract(boolean isPostgresql) {
            this.isPostgresql = isPostgresql;
        }

        @BeforeAll
        void begin() {
            url = newDatabase(isPostgresql);
            one = start(url, SETTINGS);
            other = isPostgresql ? start(url, SETTINGS) : one;
        }

        @Test
        void lease_ofADeadHolderGoesToOneOfThoseWhoWait() {
            Sample image = Sample.image();
            String token = taken(take(one, image));
            Instant begin = Instant.now();
            List<Answered> answers = all(wait(5, image, 3, other, one));
            assertThat(answers.stream().filter((answer) -> answer.status() == 201)).isNotEmpty()
                .allSatisfy((answer) -> assertThat(Duration.between(begin, answer.at()))
                    .isGreaterThan(TTL.minusMillis(200)));
            Instant first = answers.stream()
                .filter((answer) -> answer.status() == 201)
                .map(Answered::at)
                .min(Instant::compareTo)
                .orElseThrow();
            assertThat(Duration.between(begin, first)).isLessThan(TTL.plusSeconds(2));
            assertThat(answers).allMatch((answer) -> answer.status() == 201 || answer.status() == 202);
            assertProblem(renew(one, image, token), 409, "lease-lost");
        }

        @Test
        void lease_thatNobodyTookIsRenewedAfterItsEnd() throws InterruptedException {
            Sample image = Sample.image();
            String token = taken(take(one, image));
            Thread.sleep(TTL.plusMillis(300));
            assertThat(renew(other, image, token).statusCode()).isEqualTo(200);
            assertThat(take(one, image).statusCode()).isEqualTo(202);
        }

        @Test
        void lease_thatIsRenewedElsewhereIsNotGiven() throws Exception {
            Sample image = Sample.image();
            String token = taken(take(one, image));
            CompletableFuture<Answered> waiter = wait(1, image, 5, other).getFirst();
            for (int i = 0; i < 8 && !waiter.isDone(); i++) {
                Thread.sleep(600);
                assertThat(renew(one, image, token).statusCode()).isEqualTo(200);
            }
            assertThat(get(waiter).status()).isEqualTo(202);
        }

        @Test
        void waiter_getsALeaseBesideOneThatTakesLong() throws InterruptedException {
            String repository = "ghcr.io/acme/hedge" + Sample.image().key().substring(0, 8);
            for (String seconds : List.of("0.5", "1.5", "100")) {
                put(one, Sample.image(Sample.SCOPE, repository).withJson("cost", "{\"seconds\":" + seconds + "}"));
            }
            Sample image = Sample.image(Sample.SCOPE, repository);
            String token = taken(take(one, image));
            Thread holder = Thread.ofVirtual().start(() -> {
                try {
                    while (true) {
                        renew(one, image, token);
                        Thread.sleep(500);
                    }
                }
                catch (InterruptedException | IllegalStateException ex) {
                    // the test has ended
                }
            });
            Instant begin = Instant.now();
            List<CompletableFuture<Answered>> waiters = wait(3, image, 4, other, one);
            List<Answered> answers = all(waiters);
            holder.interrupt();
            holder.join();
            List<Answered> hedges = answers.stream().filter((answer) -> answer.status() == 201).toList();
            assertThat(hedges).hasSize(1);
            // Twice the median.
            assertThat(Duration.between(begin, hedges.getFirst().at())).isBetween(Duration.ofMillis(2800),
                    Duration.ofSeconds(5));
            assertThat(answers.stream().filter((answer) -> answer.status() == 202)).hasSize(2)
                .allMatch((answer) -> Duration
                    .between(Instant.parse(json(answer.response()).path("since").asString()),
                            Instant.parse(json(answer.response()).path("expected_at").asString()))
                    .equals(Duration.ofMillis(1500)));
        }

        @Test
        void caller_mayHoldSoManyLeases() {
            Http writer = withToken(one, "write", "");
            for (int i = 0; i < 20; i++) {
                taken(take(writer, Sample.image()));
            }
            assertProblem(take(writer, Sample.image()), 429, "too-many-leases");
            assertThat(take(withToken(one, "write", ""), Sample.image()).statusCode()).isEqualTo(201);
        }

        @Test
        void caller_mayWaitSoManyTimes() {
            Http writer = withToken(one, "write", "");
            Sample image = Sample.image();
            taken(take(writer, image));
            List<CompletableFuture<Answered>> waiters = wait(20, image, 1, writer);
            Instant begin = Instant.now();
            assertThat(take(writer, image, 20).statusCode()).isIn(201, 202);
            assertThat(Duration.between(begin, Instant.now())).isLessThan(Duration.ofSeconds(4));
            all(waiters);
        }

        @Test
        void lease_survivesARestartAndWaitersAreAnsweredAtTheStop() {
            Sample image = Sample.image();
            String database = isPostgresql ? url : newDatabase(false);
            Http service = start(database);
            String token = taken(take(service, image));
            ConfigurableApplicationContext stopped = services.getLast();
            List<CompletableFuture<Answered>> waiters = wait(5, image, 30, service);
            CompletableFuture<Answered> reader = async(() -> service.get(image.path() + "?wait=30"));
            await().until(() -> waiting() == 6);
            Instant begin = Instant.now();
            stopped.close();
            services.remove(stopped);
            assertThat(all(waiters)).allSatisfy((answer) -> {
                assertThat(answer.status()).isEqualTo(202);
                assertThat(Duration.between(begin, answer.at())).isLessThan(Duration.ofSeconds(5));
            });
            assertProblem(get(reader).response(), 404, "miss");
            Http again = start(database);
            ConfigurableApplicationContext restarted = services.getLast();
            assertThat(take(again, image).statusCode()).isEqualTo(202);
            assertThat(renew(again, image, token).statusCode()).isEqualTo(200);
            put(again, image);
            assertProblem(renew(again, image, token), 409, "lease-lost");
            restarted.close();
            services.remove(restarted);
        }

    }

    @Nested
    class OnSqlite extends Contract {

        OnSqlite() {
            super(false);
        }

    }

    @Nested
    class OnPostgresql extends Contract {

        OnPostgresql() {
            super(true);
        }

    }

}
