package dev.dejavu.lease;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Sample;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Three instances, builders that die at any moment, and those who wait for them:
 * {@code -Dlease.rounds=200} for longer.
 */
class LeaseHarnessTests extends LeaseFixture {

    private static final Duration TTL = Duration.ofSeconds(2);

    private static final int ROUNDS = Integer.getInteger("lease.rounds", 20);

    private static final int AT_ONCE = 10;

    private final List<Http> instances = new ArrayList<>();

    @BeforeAll
    void begin() {
        String url = newDatabase(true);
        for (int i = 0; i < 3; i++) {
            instances.add(start(url, "--dejavu.lease.ttl=2s", "--dejavu.lease.hedge=0"));
        }
    }

    @Test
    void nobodyWaitsForTheDeadAndNoTwoBuild() {
        long seed = System.nanoTime();
        for (int round = 0; round < ROUNDS; round += AT_ONCE) {
            List<CompletableFuture<Void>> rounds = new ArrayList<>();
            for (int i = 0; i < Math.min(AT_ONCE, ROUNDS - round); i++) {
                long own = seed + round + i;
                rounds.add(CompletableFuture.runAsync(() -> round(new Random(own), own), Thread::startVirtualThread));
            }
            rounds.forEach(CompletableFuture::join);
        }
    }

    /**
     * A time in which one held the lease: from what its answer says to its last renewal's
     * end, both of the database's clock.
     */
    private record Held(Instant since, Instant until) {
    }

    private void round(Random random, long seed) {
        Sample image = Sample.image();
        List<Held> held = Collections.synchronizedList(new ArrayList<>());
        List<Duration> waits = Collections.synchronizedList(new ArrayList<>());
        int builders = 5 + random.nextInt(16);
        int deaths = 1 + random.nextInt(2);
        List<CompletableFuture<Void>> all = new ArrayList<>();
        Deaths left = new Deaths(deaths);
        for (int i = 0; i < builders; i++) {
            Random own = new Random(random.nextLong());
            all.add(CompletableFuture.runAsync(() -> build(image, own, left, held, waits), Thread::startVirtualThread));
        }
        all.forEach(CompletableFuture::join);
        held.sort(Comparator.comparing(Held::since));
        for (int i = 1; i < held.size(); i++) {
            assertThat(held.get(i).since()).as("seed " + seed + ": " + held).isAfterOrEqualTo(held.get(i - 1).until());
        }
        assertThat(held).as("seed " + seed).hasSize(left.count.get() + 1);
        assertThat(waits).as("seed " + seed)
            .hasSize(builders - left.count.get() - 1)
            .allMatch((wait) -> wait.compareTo(Duration.ofSeconds(2)) < 0, "ends in time");
    }

    /** How many will die, when the last one did, and when one stored the image. */
    private static final class Deaths {

        private int left;

        private final AtomicInteger count = new AtomicInteger();

        private volatile Instant last = Instant.EPOCH;

        private volatile Instant stored = Instant.MAX;

        Deaths(int left) {
            this.left = left;
        }

        synchronized boolean dies() {
            return left-- > 0;
        }

    }

    /** Waits, and builds if it has to; some die of it. */
    private void build(Sample image, Random random, Deaths deaths, List<Held> held, List<Duration> waits) {
        Http http = instances.get(random.nextInt(instances.size()));
        while (true) {
            var answer = take(http, image, 1 + random.nextInt(5));
            if (answer.statusCode() == 200) {
                waits.add(Duration.between(deaths.stored, Instant.now()));
                return;
            }
            if (answer.statusCode() == 201) {
                hold(image, random, deaths, held, json(answer));
                return;
            }
            assertThat(answer.statusCode()).isEqualTo(202);
        }
    }

    private void hold(Sample image, Random random, Deaths deaths, List<Held> held, JsonNode lease) {
        Instant since = Instant.parse(lease.path("expires_at").asString()).minus(TTL);
        Instant until = since.plus(TTL);
        String token = lease.path("lease").asString();
        boolean dies = deaths.dies();
        if (!dies && !deaths.last.equals(Instant.EPOCH)) {
            assertThat(Duration.between(deaths.last, since)).isLessThan(TTL.plusSeconds(2));
        }
        int renewals = random.nextInt(5);
        for (int i = 0; i < renewals; i++) {
            sleep(300 + random.nextInt(400));
            var renewed = renew(instances.get(random.nextInt(instances.size())), image, token);
            if (renewed.statusCode() == 409) {
                // A busy machine: it came too late, and so it is as good as dead.
                assertThat(Instant.now()).isAfter(until);
                dies = true;
                break;
            }
            assertThat(renewed.statusCode()).isEqualTo(200);
            until = Instant.parse(json(renewed).path("expires_at").asString());
        }
        if (dies) {
            deaths.last = until.minus(TTL);
            deaths.count.incrementAndGet();
            held.add(new Held(since, until));
            return;
        }
        sleep(random.nextInt(200));
        held.add(new Held(since, Instant.now()));
        deaths.stored = Instant.now();
        put(instances.get(random.nextInt(instances.size())), image);
    }

    private static void sleep(int millis) {
        try {
            Thread.sleep(millis);
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

}
