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
 * Two services on one PostgreSQL: no answer is older than a second, whatever happens to
 * the channel between them.
 */
class TwoInstancesTests {

    private static final String LISTENERS_END = """
            select pg_terminate_backend(pid) from pg_stat_activity
            where (query like 'listen%' or query like '%pg_trigger%') and datname = current_database()
                and pid <> pg_backend_pid()
            """;

    private final List<ConfigurableApplicationContext> services = new ArrayList<>();

    private final String database = Postgres.newDatabase();

    private final TcpProxy wire;

    private Http one = new Http(0);

    /** Its only way to the database is the wire. */
    private Http other = new Http(0);

    TwoInstancesTests() throws IOException {
        this.wire = new TcpProxy(Postgres.port());
    }

    @BeforeEach
    void start() throws IOException {
        wire.mend();
        one = start(Postgres.port());
        other = start(wire.port());
    }

    @AfterEach
    void stop() throws IOException {
        wire.freeze(false);
        services.forEach(ConfigurableApplicationContext::close);
        wire.close();
    }

    @Test
    void writeAndRemovalThroughTheOneAreSeenByTheOtherWithinASecond() {
        for (int n = 0; n < 20; n++) {
            CacheKey key = keptByTheOther();
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
     * Two that listen to each other must not wake each other: of theirs there are 20, and
     * the number is that of the whole server.
     */
    @Test
    void beatsStayFew() throws Exception {
        keptByTheOther();
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
    void triggersThatAreOffEndTheTrust() throws SQLException {
        CacheKey key = keptByTheOther();
        try (Connection connection = DriverManager.getConnection(Postgres.url(Postgres.port(), database));
                Statement statement = connection.createStatement()) {
            statement.execute("alter table image_cache disable trigger image_cache_written");
            statement.execute(LISTENERS_END);
        }
        put(one, key, 2);
        Staleness.isBelowOneSecond(() -> version(other, key) == 2);
        put(one, key, 3);
        assertThat(version(other, key)).isEqualTo(3);
    }

    @Test
    void channelThatHangsEndsTheTrustInTime() {
        CacheKey key = keptByTheOther();
        wire.freeze(true);
        put(one, key, 2);
        assertNoOldAnswerAfterASecond(key);
        wire.freeze(false);
        await().atMost(Duration.ofSeconds(60)).until(() -> version(other, key) == 2);
    }

    @Test
    void channelThatBreaksEndsTheTrustInTime() throws IOException {
        CacheKey key = keptByTheOther();
        wire.cut();
        put(one, key, 2);
        assertNoOldAnswerAfterASecond(key);
        wire.mend();
        await().atMost(Duration.ofSeconds(60)).until(() -> version(other, key) == 2);
    }

    @Test
    void whatIsChangedWhileNobodyListensIsNotBelievedAfterwards() throws SQLException {
        for (int n = 0; n < 5; n++) {
            CacheKey key = keptByTheOther();
            CacheKey removed = keptByTheOther();
            try (Connection connection = DriverManager.getConnection(Postgres.url(Postgres.port(), database));
                    Statement statement = connection.createStatement()) {
                statement.execute(LISTENERS_END);
            }
            put(one, key, 2);
            one.delete(path(removed));
            Staleness.isBelowOneSecond(() -> version(other, key) == 2 && version(other, removed) == 0);
        }
    }

    /**
     * Each key has one writer, which writes a rising number or removes the key, through
     * either instance; readers ask both. What the writer's own instance answers must be
     * the last that it acknowledged before the question; what the other answers, the last
     * that was acknowledged a second before it.
     */
    @Test
    void underLoadNoAnswerIsOlderThanItMayBe() throws Exception {
        int seed = new Random().nextInt();
        List<Written> keys = new ArrayList<>();
        for (int n = 0; n < 8; n++) {
            keys.add(new Written(Keys.next()));
        }
        AtomicBoolean going = new AtomicBoolean(true);
        AtomicLong reads = new AtomicLong();
        List<String> wrong = new CopyOnWriteArrayList<>();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Written written : keys) {
                executor.execute(() -> write(written, new Random(seed + written.key().hashCode()), going));
            }
            for (int n = 0; n < 8; n++) {
                Random random = new Random(seed + n);
                Http reader = (n % 2 == 0) ? one : other;
                executor.execute(() -> {
                    while (going.get()) {
                        Written written = keys.get(random.nextInt(keys.size()));
                        String fault = written.read(reader);
                        if (fault != null) {
                            wrong.add(fault);
                        }
                        reads.incrementAndGet();
                    }
                });
            }
            Thread.sleep(Duration.ofSeconds(10));
            going.set(false);
        }
        assertThat(wrong).as("seed " + seed).isEmpty();
        assertThat(reads).hasValueGreaterThan(1000);
        assertThat(keys).allMatch((written) -> written.history().size() > 20);
    }

    private void write(Written written, Random random, AtomicBoolean going) {
        for (int number = 1; going.get(); number++) {
            Http writer = random.nextBoolean() ? one : other;
            boolean removal = random.nextInt(4) == 0;
            written.begin(removal ? -number : number);
            if (removal) {
                writer.delete(path(written.key()));
            }
            else {
                put(writer, written.key(), number);
            }
            written.acknowledged(removal ? -number : number, writer);
            LockSupport.parkNanos(random.nextInt(40_000_000));
        }
    }

    /**
     * What was written to a key.
     *
     * @param history acknowledged, oldest first; begun are those that may be seen already
     */
    private record Written(CacheKey key, List<Acknowledged> history, AtomicLong begun) {

        Written(CacheKey key) {
            this(key, new CopyOnWriteArrayList<>(), new AtomicLong());
        }

        void begin(int number) {
            begun.set(number);
        }

        void acknowledged(int number, Http through) {
            history.add(new Acknowledged(number, through.port(), System.nanoTime()));
        }

        /** Asks for it, and says what is wrong with the answer. */
        @org.jspecify.annotations.Nullable
        String read(Http reader) {
            long asked = System.nanoTime();
            List<Acknowledged> before = List.copyOf(history);
            long answer = version(reader, key);
            int oldest = -1;
            for (int n = 0; n < before.size(); n++) {
                Acknowledged write = before.get(n);
                if (write.port() == reader.port() || asked - write.at() > Staleness.KEPT.toNanos()) {
                    oldest = n;
                }
            }
            if (oldest < 0) {
                return null;
            }
            int must = Math.abs(before.get(oldest).number());
            // A removal, and so a miss, may be any of those that it may see.
            boolean allowed = (answer > 0) ? answer >= must
                    : before.subList(oldest, before.size()).stream().anyMatch((write) -> write.number() < 0)
                            || List.copyOf(history).stream().anyMatch((write) -> write.number() < -must)
                            || begun.get() < 0;
            return allowed ? null : "answered " + answer + " though " + before.get(oldest) + " was acknowledged "
                    + (asked - before.get(oldest).at()) / 1_000_000 + " ms before";
        }

    }

    /**
     * A write that was acknowledged.
     *
     * @param number of the write; negative for a removal
     */
    private record Acknowledged(int number, int port, long at) {
    }

    private void assertNoOldAnswerAfterASecond(CacheKey key) {
        long acknowledged = System.nanoTime();
        int unavailable = 0;
        while (System.nanoTime() - acknowledged < Duration.ofSeconds(4).toNanos()) {
            long asked = System.nanoTime();
            HttpResponse<String> answer = other.get(path(key));
            if (asked - acknowledged > Staleness.KEPT.toNanos()) {
                assertThat(answer.statusCode()).isEqualTo(503);
                unavailable++;
            }
        }
        assertThat(unavailable).isPositive();
    }

    private CacheKey keptByTheOther() {
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

    /** The number that is answered; 0 for a miss. */
    private static long version(Http http, CacheKey key) {
        HttpResponse<String> answer = http.get(path(key));
        return (answer.statusCode() == 200)
                ? Long.parseLong(json(answer).path("image_uri").asString().replaceFirst(".*:", "")) : 0;
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
