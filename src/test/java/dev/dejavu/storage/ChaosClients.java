package dev.dejavu.storage;

import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.PostgresServer;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Clients of several instances behind a proxy, which know what each answer may be. Each
 * key has one writer, which stores ever higher versions, and deletes some; another caller
 * stores values of its own in an overlay; and bundles soon expire.
 */
final class ChaosClients {

    /** Of the administrator, and of a retention job. */
    static final String SECRET = "the-secret-of-a-retention-job";

    private static final int KEYS = 24;

    /**
     * The 2 s that are promised, 300 ms in which the proxy goes to another instance, and
     * the time that the test itself needs.
     */
    private static final long MAX_NANOS = Duration.ofMillis(2500).toNanos();

    /** How much an answer that is not marked as stale may be behind. */
    private static final long STALENESS_NANOS = Duration.ofMillis(1200).toNanos();

    private static final long REMEMBERED_NANOS = Duration.ofMinutes(1).toNanos();

    /** Of a bundle. */
    static final Duration TTL = Duration.ofSeconds(3);

    /** One of so many writes of a key is its deletion. */
    private static final int DELETIONS = 10;

    private static final String EVENT = """
            {"events":[{"id":"%d","action":"delete","target":{"repository":"retention/other","tag":"v%d"}}]}
            """;

    private final Http http;

    /** The values of an overlay, in place of a version. */
    private static final String OTHER = "other";

    private final Map<CacheKey, Read> lastRead = new ConcurrentHashMap<>();

    private final List<Version> versions = new ArrayList<>();

    private final List<Thread> threads = new ArrayList<>();

    /** The oldest first, not yet expired. */
    private final Queue<Bundle> bundles = new ConcurrentLinkedQueue<>();

    private final Queue<String> faults = new ConcurrentLinkedQueue<>();

    private final AtomicInteger writes = new AtomicInteger();

    private final AtomicInteger refusedWrites = new AtomicInteger();

    private final AtomicInteger overlayWrites = new AtomicInteger();

    private final AtomicInteger reads = new AtomicInteger();

    private final AtomicInteger deletedReads = new AtomicInteger();

    private final AtomicInteger staleReads = new AtomicInteger();

    private final AtomicInteger refusedReads = new AtomicInteger();

    /** Answers that the proxy made itself. */
    private final AtomicInteger ofProxy = new AtomicInteger();

    /** The slowest answers in milliseconds, by method and status. */
    private final Map<String, Long> slowest = new ConcurrentSkipListMap<>();

    private volatile boolean running = true;

    ChaosClients(Http http) {
        this.http = http.as(SECRET);
        for (int n = 0; n < KEYS; n++) {
            versions.add(new Version(Keys.next(), n % 2 == 0));
        }
    }

    void start() {
        for (int writer = 0; writer < 4; writer++) {
            int from = writer * KEYS / 4;
            run((n) -> write(versions.get(from + n % (KEYS / 4))));
        }
        for (int reader = 0; reader < 3; reader++) {
            run((n) -> read(versions.get(n % KEYS)));
        }
        run(this::retain);
        Http overlay = http.as(overlaySecret());
        run((n) -> writeToOverlay(overlay, versions.get(n % KEYS)));
        run((n) -> expire());
    }

    private String overlaySecret() {
        HttpResponse<String> made = http.post("/tokens",
                "{\"name\":\"other\",\"role\":\"admin\",\"overlay\":\"other\"}");
        return json(made).path("secret").asString();
    }

    private void run(IntConsumer call) {
        threads.add(Thread.ofVirtual().start(() -> {
            for (int n = 0; running; n++) {
                call.accept(n);
                try {
                    Thread.sleep(5);
                }
                catch (InterruptedException ex) {
                    return;
                }
            }
        }));
    }

    void stop() throws InterruptedException {
        running = false;
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private void write(Version version) {
        if (version.isWrittenOnce && version.acknowledgedBefore(System.nanoTime()) > 0) {
            return;
        }
        int next = version.attempted.incrementAndGet();
        HttpResponse<String> response = version.isDeletion(next) ? send("DELETE", "/images/" + version.key, null)
                : send("PUT", "/images/" + version.key, image(String.valueOf(next)));
        if (response == null) {
            return;
        }
        if (response.statusCode() < 300 || (version.isDeletion(next) && response.statusCode() == 404)) {
            version.acknowledge(next);
            writes.incrementAndGet();
        }
        else {
            expect(response.statusCode() == 503 || isOfProxy(response), "a write", response);
            refusedWrites.incrementAndGet();
        }
    }

    private static String image(String tag) {
        return "{\"image_uri\":\"ghcr.io/acme/a:%s\"}".formatted(tag);
    }

    private void writeToOverlay(Http overlay, Version version) {
        HttpResponse<String> response = send(overlay, "PUT", "/images/" + version.key, image(OTHER));
        if (response != null && response.statusCode() < 300) {
            overlayWrites.incrementAndGet();
        }
        else if (response != null) {
            expect(response.statusCode() == 503 || isOfProxy(response), "a write to an overlay", response);
        }
    }

    private void expire() {
        String path = "/bundles/" + Keys.next();
        HttpResponse<String> response = send("PUT", path,
                "{\"hash_digest\":\"x\",\"remote_path\":\"s3://acme/code.tar.gz\"}");
        if (response == null || response.statusCode() >= 300) {
            expect(response == null || response.statusCode() == 503 || isOfProxy(response), "a bundle", response);
            return;
        }
        bundles.add(new Bundle(path, System.nanoTime()));
        Bundle oldest = bundles.peek();
        if (oldest != null && System.nanoTime() - oldest.at > TTL.toNanos()) {
            bundles.remove();
            HttpResponse<String> expired = send("GET", oldest.path, null);
            expect(expired == null || expired.statusCode() == 404 || expired.statusCode() == 503, "an expired bundle",
                    expired);
        }
    }

    private void read(Version version) {
        int acknowledged = version.acknowledgedBefore(System.nanoTime() - STALENESS_NANOS);
        if (acknowledged == 0) {
            return;
        }
        HttpResponse<String> response = send("GET", "/images/" + version.key, null);
        if (response == null) {
            return;
        }
        long now = System.nanoTime();
        Read last = lastRead.get(version.key);
        boolean isRemembered = last != null && now - last.at < REMEMBERED_NANOS && last.found == version.attempted.get()
                && version.wasToldBefore(last);
        if (response.statusCode() == 200) {
            JsonNode entry = json(response);
            String tag = entry.path("image_uri").asString().replaceFirst(".*:", "");
            if (tag.equals(OTHER)) {
                expect(false, "a value of an overlay", response);
                return;
            }
            int found = Integer.parseInt(tag);
            boolean stale = entry.path("stale").asBoolean();
            expect(found <= version.attempted.get() && (stale || found >= acknowledged),
                    "a version of %d, acknowledged are %d,".formatted(found, acknowledged), response);
            lastRead.put(version.key, new Read(now, found));
            reads.incrementAndGet();
            staleReads.addAndGet(stale ? 1 : 0);
        }
        else if (response.statusCode() == 404) {
            expect(version.mayBeDeleted(acknowledged), "no version, acknowledged are %d,".formatted(acknowledged),
                    response);
            deletedReads.incrementAndGet();
        }
        else {
            expect(response.statusCode() == 503 && !isRemembered,
                    "a read of version %s, which was read within a minute,".formatted(last), response);
            refusedReads.incrementAndGet();
        }
    }

    private void retain(int n) {
        HttpResponse<String> response = send("POST", "/webhooks/retention", EVENT.formatted(n, n % 100));
        expect(response == null || response.statusCode() == 204 || response.statusCode() == 503 || isOfProxy(response),
                "an event", response);
    }

    private @Nullable HttpResponse<String> send(String method, String path, @Nullable String body) {
        return send(http, method, path, body);
    }

    private @Nullable HttpResponse<String> send(Http caller, String method, String path, @Nullable String body) {
        long begin = System.nanoTime();
        try {
            HttpResponse<String> response = caller.send(method, path,
                    (body != null) ? BodyPublishers.ofString(body) : null, "Content-Type", "application/json");
            long taken = System.nanoTime() - begin;
            slowest.merge(method + " " + response.statusCode(), taken / 1_000_000, Math::max);
            expect(taken < MAX_NANOS, "%d ms for %s".formatted(taken / 1_000_000, method), response);
            ofProxy.addAndGet(isOfProxy(response) ? 1 : 0);
            return response;
        }
        catch (UncheckedIOException ex) {
            expect(false, "no answer to " + method + ": " + ex, null);
            return null;
        }
    }

    /** The service has neither. */
    private static boolean isOfProxy(HttpResponse<String> response) {
        return response.statusCode() == 502 || response.statusCode() == 504;
    }

    private void expect(boolean right, String what, @Nullable HttpResponse<String> response) {
        if (!right) {
            faults.add(what + ((response != null) ? " " + response.statusCode() + " " + response.body() : ""));
        }
    }

    /** Waits until writes succeed. */
    void awaitProgress() {
        int written = writes.get();
        await().atMost(Duration.ofSeconds(60)).until(() -> writes.get() > written + 40);
    }

    void awaitWrites() {
        int written = writes.get();
        long begin = System.nanoTime();
        await().pollInterval(Duration.ofMillis(10)).atMost(Duration.ofSeconds(60)).until(() -> writes.get() > written);
        long taken = System.nanoTime() - begin;
        expect(taken < MAX_NANOS, "writes back after %d ms".formatted(taken / 1_000_000), null);
    }

    Queue<String> faults() {
        return faults;
    }

    List<String> lostWrites(PostgresServer primary) {
        List<String> lost = new ArrayList<>();
        for (Version version : versions) {
            String stored = primary
                .query("select image_uri from image_cache where overlay = '' and hash = '" + version.key + "'");
            int found = stored.isEmpty() ? 0 : Integer.parseInt(stored.replaceFirst(".*:", ""));
            int acknowledged = version.acknowledgedBefore(System.nanoTime());
            if (stored.isEmpty() ? !version.mayBeDeleted(acknowledged) : found < acknowledged) {
                lost.add(version.key + " has " + stored + ", but later ones were acknowledged");
            }
        }
        assertThat(versions).allSatisfy((version) -> assertThat(version.attempted.get()).isPositive());
        return lost;
    }

    String summary() {
        return """
                %d writes acknowledged, %d refused; %d in an overlay; %d reads, %d of them stale, %d of what was deleted, \
                %d refused; %d answers of the proxy itself; %d faults; slowest in ms: %s"""
            .formatted(writes.get(), refusedWrites.get(), overlayWrites.get(), reads.get(), staleReads.get(),
                    deletedReads.get(), refusedReads.get(), ofProxy.get(), faults.size(), slowest);
    }

    /**
     * A read that found the key. A write that was sent before and arrived later makes it
     * unknown, as a later one does.
     */
    private record Read(long at, int found) {
    }

    private record Bundle(String path, long at) {
    }

    /** What the writer of a key knows. */
    private static final class Version {

        private final CacheKey key;

        private final boolean isWrittenOnce;

        private final AtomicInteger attempted = new AtomicInteger();

        private final Map<Integer, Long> acknowledged = new ConcurrentHashMap<>();

        Version(CacheKey key, boolean isWrittenOnce) {
            this.key = key;
            this.isWrittenOnce = isWrittenOnce;
        }

        /** Whether this attempt deletes the key. */
        boolean isDeletion(int number) {
            return !isWrittenOnce && number % DELETIONS == 0;
        }

        /** Whether one of the attempts since the last acknowledged deletes it. */
        boolean mayBeDeleted(int acknowledged) {
            return IntStream.rangeClosed(acknowledged, attempted.get()).anyMatch(this::isDeletion);
        }

        void acknowledge(int number) {
            acknowledged.put(number, System.nanoTime());
        }

        /**
         * Whether a read of a version came after all instances were told of it, which
         * makes them forget the key.
         */
        boolean wasToldBefore(Read read) {
            Long at = acknowledged.get(read.found);
            return at != null && read.at - at > STALENESS_NANOS;
        }

        /** The highest number that was acknowledged before a time; 0 for none. */
        int acknowledgedBefore(long time) {
            int highest = 0;
            for (Map.Entry<Integer, Long> entry : acknowledged.entrySet()) {
                if (entry.getValue() - time <= 0) {
                    highest = Math.max(highest, entry.getKey());
                }
            }
            return highest;
        }

    }

}
