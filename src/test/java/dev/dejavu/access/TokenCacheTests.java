package dev.dejavu.access;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.Scrape;
import dev.dejavu.testing.TcpProxy;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class TokenCacheTests extends AccessFixture {

    @Test
    void tokenRevokedOnOneInstanceIsRejectedByTheOtherWithin5Seconds() {
        String url = Postgres.url(Postgres.port(), Postgres.newDatabase());
        Http one = startWithTokens(url);
        Http other = startWithTokens(url);
        HttpResponse<String> created = createToken(one, "ada", "write");
        String secret = json(created).path("secret").asString();
        await().atMost(Duration.ofSeconds(5)).until(() -> get(other, secret, "/stats").statusCode() == 200);
        // A token that the other instance has never seen must be rejected too.
        String unseen = json(createToken(one, "eve", "write")).path("secret").asString();
        for (String id : List.of(json(created).path("id").asString(), id(one, "eve"))) {
            assertThat(one.send("DELETE", "/tokens/" + id, null, "Authorization", "Bearer " + ADMIN).statusCode())
                .isEqualTo(204);
        }
        Instant revoked = Instant.now();
        assertThat(get(one, secret, "/stats").statusCode()).isEqualTo(401);
        await().pollInterval(Duration.ofMillis(50))
            .atMost(Duration.ofSeconds(5))
            .until(() -> get(other, secret, "/stats").statusCode() == 401);
        assertThat(get(other, unseen, "/stats").statusCode()).isEqualTo(401);
        assertThat(Duration.between(revoked, Instant.now())).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void tokenMadeOnOneInstanceIsAcceptedByTheOtherAtOnceInAFloodOfWrongOnes() {
        String url = Postgres.url(Postgres.port(), Postgres.newDatabase());
        Http one = startWithTokens(url);
        Http other = startWithTokens(url);
        AtomicBoolean running = new AtomicBoolean(true);
        AtomicInteger refused = new AtomicInteger();
        double before = connectionsTaken(other);
        try (ExecutorService flood = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int thread = 0; thread < 100; thread++) {
                String wrong = "djv_wrong" + thread;
                flood.execute(() -> {
                    while (running.get()) {
                        assertThat(get(other, wrong, "/stats").statusCode()).isEqualTo(401);
                        refused.incrementAndGet();
                    }
                });
            }
            try {
                for (int n = 0; n < 10; n++) {
                    String secret = json(createToken(one, "newcomer" + n, "read")).path("secret").asString();
                    assertThat(get(other, secret, "/images/" + Keys.next()).statusCode()).as("number " + n)
                        .isEqualTo(404);
                }
                await().atMost(Duration.ofSeconds(60)).until(() -> refused.get() > 1000);
            }
            finally {
                running.set(false);
            }
        }
        assertThat(connectionsTaken(other) - before).as("for %s wrong tokens", refused).isLessThan(refused.get() / 3.0);
    }

    /** On a database of its own, and waits until it knows the administrator. */
    private Http startBehind(TcpProxy proxy, String... settings) throws IOException {
        proxy.mend();
        Http http = startWithTokens(Postgres.url(proxy.port(), Postgres.newDatabase()), settings);
        await().atMost(Duration.ofSeconds(10)).until(() -> get(http, ADMIN, "/stats").statusCode() == 200);
        return http;
    }

    private static double connectionsTaken(Http http) {
        return Scrape.of(http, "Authorization", "Bearer " + ADMIN).sum("hikaricp_connections_acquire_seconds_count");
    }

    @Test
    void tokenRevokedUnderLoadIsRejectedAtOnce() throws Exception {
        Http http = startWithTokens(Postgres.url(Postgres.port(), Postgres.newDatabase()));
        AtomicBoolean running = new AtomicBoolean(true);
        try (ExecutorService others = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int n = 0; n < 3; n++) {
                others.execute(() -> {
                    while (running.get()) {
                        get(http, ADMIN, "/stats");
                    }
                });
            }
            others.execute(() -> {
                for (int n = 0; running.get(); n++) {
                    createToken(http, "churn" + n, "read");
                }
            });
            int revoked = 0;
            try {
                for (int n = 0; n < 150; n++) {
                    HttpResponse<String> created = createToken(http, "leaver" + n, "read");
                    if (created.statusCode() == 503) {
                        // The machine is busy: a write that waits too long is refused.
                        continue;
                    }
                    String secret = json(created).path("secret").asString();
                    assertThat(get(http, secret, "/stats").statusCode()).isEqualTo(200);
                    String id = id(http, "leaver" + n);
                    await().atMost(Duration.ofSeconds(30))
                        .until(() -> http.send("DELETE", "/tokens/" + id, null, "Authorization", "Bearer " + ADMIN)
                            .statusCode() != 503);
                    revoked++;
                    assertThat(get(http, secret, "/stats").statusCode()).as("revoked, number " + n).isEqualTo(401);
                }
            }
            finally {
                running.set(false);
            }
            assertThat(revoked).isGreaterThan(100);
        }
    }

    @Test
    void callerOfAQuietInstanceIsKnownInAnOutage() throws Exception {
        try (TcpProxy proxy = new TcpProxy(Postgres.port())) {
            Http http = startBehind(proxy, "--dejavu.near-cache.stale-if-error=15s");
            Thread.sleep(Duration.ofSeconds(18));
            proxy.cut();
            assertThat(get(http, ADMIN, "/identity").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void unavailableDatabaseIs503WithATokenAnd401Without() throws IOException {
        try (TcpProxy proxy = new TcpProxy(Postgres.port())) {
            Http http = startBehind(proxy);
            proxy.cut();
            await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
                Instant before = Instant.now();
                HttpResponse<String> response = get(http, "djv_wrong", "/images/" + Keys.next());
                assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofMillis(2500));
                assertProblem(response, 503, "storage-unavailable");
            });
            assertThat(http.get("/stats").statusCode()).isEqualTo(401);
            assertThat(http.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
            proxy.mend();
            await().atMost(Duration.ofSeconds(60)).until(() -> get(http, ADMIN, "/stats").statusCode() == 200);
        }
    }

    @Test
    void floodOfWrongTokensHardlyQueriesTheDatabase() throws IOException {
        try (TcpProxy proxy = new TcpProxy(Postgres.port())) {
            Http http = startBehind(proxy, "--dejavu.pruning.probability=0");
            proxy.freeze(true);
            // If each one queried the database, each would take a second.
            Instant before = Instant.now();
            for (int i = 0; i < 200; i++) {
                assertThat(get(http, "djv_wrong" + i, "/stats").statusCode()).isIn(401, 503);
            }
            assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofSeconds(20));
            proxy.freeze(false);
        }
    }

}
