package dev.dejavu.savings;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.DejavuApplication;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.ServiceProcess;
import dev.dejavu.testing.TcpProxy;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class LedgerSurvivalTests {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Sample image = Sample.image().withJson("cost", "{\"seconds\":2}");

    @Test
    void killedServiceLosesAtMostWhatItHadNotFlushed(@TempDir Path home) throws Exception {
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + home)) {
            put(service.http());
            hit(service.http(), 5);
            // Nobody sent a cost of a bundle.
            Sample bundle = Sample.bundle();
            service.http().put(bundle.path(), bundle.body());
            service.http().get(bundle.path());
            Http http = service.http();
            await().atMost(PATIENCE).until(() -> saved(http, "hits") == 6);
            assertThat(saved(http, "saved_seconds")).isEqualTo(10);
            assertThat(saved(http, "unpriced_hits")).isEqualTo(1);
            hit(http, 3);
            service.kill();
        }
        String told;
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + home)) {
            assertThat(saved(service.http(), "hits")).isBetween(6L, 9L);
            hit(service.http(), 1);
            long before = saved(service.http(), "hits");
            service.terminate();
            service.exitCode();
            assertThat(before).isLessThanOrEqualTo(10);
            told = service.output();
        }
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + home)) {
            assertThat(saved(service.http(), "hits")).as(told).isBetween(7L, 10L);
        }
    }

    @Test
    void outageDuringAFlushLosesNothingAndCountsNothingTwice() throws IOException {
        try (TcpProxy proxy = new TcpProxy(Postgres.port())) {
            proxy.mend();
            try (ConfigurableApplicationContext service = start(proxy)) {
                Http http = Http.of(service);
                LedgerFlush flush = service.getBean(LedgerFlush.class);
                put(http);
                hit(http, 4);
                int hits = 4;
                boolean isFlushed = true;
                for (int round = 0; isFlushed && round < 10; round++) {
                    proxy.holdAt("COMMIT");
                    isFlushed = flush.flush();
                    // Else the commit of another writer is held: until it is given up.
                    await().pollDelay(Duration.ofSeconds(isFlushed ? 3 : 0)).until(() -> true);
                    hit(http, 2);
                    hits += 2;
                    proxy.release();
                }
                assertThat(isFlushed).isFalse();
                await().atMost(PATIENCE).until(flush::flush);
                assertThat(saved(http, "hits")).isEqualTo(hits);
                proxy.cut();
                hit(http, 3);
                assertThat(flush.flush()).isFalse();
                hit(http, 3);
                assertThat(flush.flush()).isFalse();
                proxy.mend();
                await().atMost(PATIENCE).until(flush::flush);
                await().atMost(PATIENCE).until(() -> http.get("/savings").statusCode() == 200);
                assertThat(saved(http, "hits")).isEqualTo(hits + 6);
                assertThat(saved(http, "saved_seconds")).isEqualTo(2L * (hits + 6));
            }
        }
    }

    private static ConfigurableApplicationContext start(TcpProxy proxy) {
        return SpringApplication.run(DejavuApplication.class, "--server.port=0", "--dejavu.registry.allowed=",
                "--spring.datasource.url=" + Postgres.url(proxy.port(), Postgres.newDatabase()));
    }

    private void put(Http http) {
        await().atMost(PATIENCE).until(() -> http.put(image.path(), image.body()).statusCode() < 300);
    }

    /** Has so many hits. */
    private void hit(Http http, int count) {
        for (int i = 0; i < count; i++) {
            await().atMost(PATIENCE).until(() -> http.get(image.path()).statusCode() == 200);
        }
    }

    private static long saved(Http http, String member) {
        return json(http.get("/savings")).path("total").path(member).asLong();
    }

}
