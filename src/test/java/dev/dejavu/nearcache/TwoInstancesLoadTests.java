package dev.dejavu.nearcache;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Staleness;

import static org.assertj.core.api.Assertions.assertThat;

class TwoInstancesLoadTests extends TwoInstancesFixture {

    /**
     * Each key has one writer, which writes a rising number or removes the key, through
     * either instance. A response of that instance must be as new as the last write that
     * was acknowledged before the request; one of the other instance, as the last that
     * was acknowledged a second before.
     */
    @Test
    void underLoadNoResponseIsTooStale() throws Exception {
        int seed = new Random().nextInt();
        List<KeyHistory> keys = new ArrayList<>();
        for (int n = 0; n < 8; n++) {
            keys.add(new KeyHistory(Keys.next()));
        }
        AtomicBoolean running = new AtomicBoolean(true);
        AtomicLong reads = new AtomicLong();
        List<String> faults = new CopyOnWriteArrayList<>();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (KeyHistory history : keys) {
                executor.execute(() -> write(history, new Random(seed + history.key().hashCode()), running));
            }
            for (int n = 0; n < 8; n++) {
                Random random = new Random(seed + n);
                Http reader = (n % 2 == 0) ? one : other;
                executor.execute(() -> {
                    while (running.get()) {
                        KeyHistory history = keys.get(random.nextInt(keys.size()));
                        String fault = history.read(reader);
                        if (fault != null) {
                            faults.add(fault);
                        }
                        reads.incrementAndGet();
                    }
                });
            }
            Thread.sleep(Duration.ofSeconds(10));
            running.set(false);
        }
        assertThat(faults).as("seed " + seed).isEmpty();
        assertThat(reads).hasValueGreaterThan(1000);
        assertThat(keys).allMatch((history) -> history.acknowledged().size() > 20);
    }

    private void write(KeyHistory history, Random random, AtomicBoolean running) {
        for (int number = 1; running.get(); number++) {
            Http writer = random.nextBoolean() ? one : other;
            boolean removal = random.nextInt(4) == 0;
            history.begin(removal ? -number : number);
            int status = (removal ? writer.delete(path(history.key()))
                    : writer.put(path(history.key()), "{\"image_uri\":\"ghcr.io/acme/a:" + number + "\"}"))
                .statusCode();
            if (status != 503) {
                assertThat(status).isIn(200, 201, 204);
                history.acknowledge(removal ? -number : number, writer);
            }
            else if (removal) {
                history.refusedRemoval().set(number);
            }
            LockSupport.parkNanos(random.nextInt(40_000_000));
        }
    }

    /**
     * The writes to a key.
     *
     * @param acknowledged oldest first
     * @param begun the number of the last one, which may be visible already
     * @param refusedRemoval the number of the last removal with 503, as a busy machine
     * may have one: it may have been carried out
     */
    private record KeyHistory(CacheKey key, List<Acknowledged> acknowledged, AtomicLong begun,
            AtomicLong refusedRemoval) {

        KeyHistory(CacheKey key) {
            this(key, new CopyOnWriteArrayList<>(), new AtomicLong(), new AtomicLong());
        }

        void begin(int number) {
            begun.set(number);
        }

        void acknowledge(int number, Http instance) {
            acknowledged.add(new Acknowledged(number, instance.port(), System.nanoTime()));
        }

        /**
         * Reads the key.
         * @return what is wrong with the response
         */
        @Nullable String read(Http reader) {
            long requested = System.nanoTime();
            List<Acknowledged> before = List.copyOf(acknowledged);
            HttpResponse<String> response = reader.get(path(key));
            if (response.statusCode() == 503) {
                return null;
            }
            long found = version(response);
            int oldest = -1;
            for (int n = 0; n < before.size(); n++) {
                Acknowledged write = before.get(n);
                if (write.port() == reader.port() || requested - write.at() > Staleness.LIMIT.toNanos()) {
                    oldest = n;
                }
            }
            if (oldest < 0) {
                return null;
            }
            int must = Math.abs(before.get(oldest).number());
            // A miss may be due to any removal that may be visible.
            boolean allowed = (found > 0) ? found >= must
                    : before.subList(oldest, before.size()).stream().anyMatch((write) -> write.number() < 0)
                            || List.copyOf(acknowledged).stream().anyMatch((write) -> write.number() < -must)
                            || begun.get() < 0 || refusedRemoval.get() > must;
            return allowed ? null : "found " + found + " though " + before.get(oldest) + " was acknowledged "
                    + (requested - before.get(oldest).at()) / 1_000_000 + " ms before";
        }

    }

    /**
     * A write that was acknowledged.
     *
     * @param number of the write; negative for a removal
     */
    private record Acknowledged(int number, int port, long at) {
    }

}
