package dev.dejavu.nearcache;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.DejavuApplication;
import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.Staleness;
import dev.dejavu.testing.TcpProxy;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Two instances on one PostgreSQL: no response is stale by more than a second, whatever
 * happens to the connection between them.
 */
class TwoInstancesTests {

    private static final String TERMINATE_LISTENERS = """
            select pg_terminate_backend(pid) from pg_stat_activity
            where (query like 'listen%' or query like '%pg_trigger%') and datname = current_database()
                and pid <> pg_backend_pid()
            """;

    private final List<ConfigurableApplicationContext> services = new ArrayList<>();

    private final String database = Postgres.newDatabase();

    private final TcpProxy proxy;

    private Http one = new Http(0);

    /** Reaches the database through the proxy only. */
    private Http other = new Http(0);

    TwoInstancesTests() throws IOException {
        this.proxy = new TcpProxy(Postgres.port());
    }

    @BeforeEach
    void start() throws IOException {
        proxy.mend();
        one = start(Postgres.port());
        other = start(proxy.port());
    }

    @AfterEach
    void stop() throws IOException {
        proxy.freeze(false);
        services.forEach(ConfigurableApplicationContext::close);
        proxy.close();
    }

    @Test
    void writesAndRemovalsReachTheOtherInstanceWithinASecond() {
        for (int n = 0; n < 20; n++) {
            CacheKey key = cachedByOther();
            if (n % 2 == 0) {
                put(one, key, 2);
                Staleness.isBelowOneSecond(() -> version(other, key) == 2);
            }
            else {
                one.delete(path(key));
                Staleness.isBelowOneSecond(() -> version(other, key) == 0);
            }
        }
    }

    /**
     * Listening instances must not wake each other. The two of this test send 20
     * heartbeats; transactions are counted for the whole server.
     */
    @Test
    void heartbeatsStayFew() throws Exception {
        cachedByOther();
        long before = transactions();
        Thread.sleep(Duration.ofSeconds(2));
        assertThat(transactions() - before).isBetween(4L, 100L);
    }

    private long transactions() throws SQLException {
        try (Connection connection = DriverManager.getConnection(Postgres.url(Postgres.port(), database));
                Statement statement = connection.createStatement();
                ResultSet number = statement.executeQuery("select pg_current_xact_id()::text::bigint")) {
            number.next();
            return number.getLong(1);
        }
    }

    @Test
    void disabledTriggersDisableTheNearCache() throws SQLException {
        CacheKey key = cachedByOther();
        try (Connection connection = DriverManager.getConnection(Postgres.url(Postgres.port(), database));
                Statement statement = connection.createStatement()) {
            statement.execute("alter table image_cache disable trigger image_cache_written");
            statement.execute(TERMINATE_LISTENERS);
        }
        put(one, key, 2);
        Staleness.isBelowOneSecond(() -> version(other, key) == 2);
        put(one, key, 3);
        assertThat(version(other, key)).isEqualTo(3);
    }

    @Test
    void frozenConnectionServesNothingAfterASecond() {
        CacheKey key = cachedByOther();
        proxy.freeze(true);
        put(one, key, 2);
        assertUnavailableAfterASecond(key);
        proxy.freeze(false);
        await().atMost(Duration.ofSeconds(60)).until(() -> version(other, key) == 2);
    }

    @Test
    void brokenConnectionServesNothingAfterASecond() throws IOException {
        CacheKey key = cachedByOther();
        proxy.cut();
        put(one, key, 2);
        assertUnavailableAfterASecond(key);
        proxy.mend();
        await().atMost(Duration.ofSeconds(60)).until(() -> version(other, key) == 2);
    }

    @Test
    void changesMissedByTheListenerAreVisibleWithinASecond() throws SQLException {
        for (int n = 0; n < 5; n++) {
            CacheKey key = cachedByOther();
            CacheKey removed = cachedByOther();
            try (Connection connection = DriverManager.getConnection(Postgres.url(Postgres.port(), database));
                    Statement statement = connection.createStatement()) {
                statement.execute(TERMINATE_LISTENERS);
            }
            put(one, key, 2);
            one.delete(path(removed));
            Staleness.isBelowOneSecond(() -> version(other, key) == 2 && version(other, removed) == 0);
        }
    }

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
            if (removal) {
                writer.delete(path(history.key()));
            }
            else {
                put(writer, history.key(), number);
            }
            history.acknowledge(removal ? -number : number, writer);
            LockSupport.parkNanos(random.nextInt(40_000_000));
        }
    }

    /**
     * The writes to a key.
     *
     * @param acknowledged oldest first
     * @param begun the number of the last one, which may be visible already
     */
    private record KeyHistory(CacheKey key, List<Acknowledged> acknowledged, AtomicLong begun) {

        KeyHistory(CacheKey key) {
            this(key, new CopyOnWriteArrayList<>(), new AtomicLong());
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
            long found = version(reader, key);
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
                            || begun.get() < 0;
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

    private void assertUnavailableAfterASecond(CacheKey key) {
        long acknowledged = System.nanoTime();
        int unavailable = 0;
        while (System.nanoTime() - acknowledged < Duration.ofSeconds(4).toNanos()) {
            long requested = System.nanoTime();
            HttpResponse<String> response = other.get(path(key));
            if (requested - acknowledged > Staleness.LIMIT.toNanos()) {
                assertThat(response.statusCode()).isEqualTo(503);
                unavailable++;
            }
        }
        assertThat(unavailable).isPositive();
    }

    private CacheKey cachedByOther() {
        ChangeFeed changes = services.getLast().getBean(ChangeFeed.class);
        Cache<?> images = services.getLast().getBean("images", Cache.class);
        await().atMost(Duration.ofSeconds(10)).until(changes::isCurrent);
        CacheKey key = Keys.next();
        put(one, key, 1);
        await().atMost(Duration.ofSeconds(10))
            .until(() -> version(other, key) == 1 && images.findInMemory(key) != null);
        return key;
    }

    private static void put(Http http, CacheKey key, int version) {
        assertThat(http.put(path(key), "{\"image_uri\":\"ghcr.io/acme/a:" + version + "\"}").statusCode()).isIn(200,
                201);
    }

    /** The number found; 0 for a miss. */
    private static long version(Http http, CacheKey key) {
        HttpResponse<String> response = http.get(path(key));
        return (response.statusCode() == 200)
                ? Long.parseLong(json(response).path("image_uri").asString().replaceFirst(".*:", "")) : 0;
    }

    private static String path(CacheKey key) {
        return "/images/" + key;
    }

    private Http start(int port) {
        ConfigurableApplicationContext service = SpringApplication.run(DejavuApplication.class, "--server.port=0",
                "--spring.datasource.url=" + Postgres.url(port, database));
        services.add(service);
        return new Http(Integer.parseInt(service.getEnvironment().getRequiredProperty("local.server.port")));
    }

}
