package dev.dejavu.commit;

import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.dao.QueryTimeoutException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;

import dev.dejavu.DejavuApplication;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.OneCommit;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.WithPostgres;

import static dev.dejavu.testing.Http.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

@WithPostgres
class GroupCommitTests {

    @Test
    void writersThatArriveDuringACommitShareTheNextOne(@Autowired GroupCommit commit, @Autowired JdbcClient client)
            throws Exception {
        Runnable write = () -> commit.write("other", () -> insert(client));
        OneCommit.of(commit, () -> insert(client), Collections.nCopies(20, write));
        // xmin is the transaction that inserted the row.
        assertThat(client
            .sql("select count(*) from image_cache where image_uri = 'ghcr.io/acme/together:v1' group by xmin")
            .query(Integer.class)
            .list()).containsExactlyInAnyOrder(1, 20);
    }

    @Test
    void writeOfManyKeysHasATransactionOfItsOwn(@Autowired GroupCommit commit, @Autowired JdbcClient client)
            throws Exception {
        List<String> transactions = new CopyOnWriteArrayList<>();
        String sql = "select cast(pg_current_xact_id() as text)";
        List<Runnable> writes = new ArrayList<>();
        for (int n = 0; n < 20; n++) {
            String kind = (n % 5 == 0) ? "alone" : "together";
            Supplier<Boolean> write = () -> transactions.add(kind + client.sql(sql).query(String.class).single());
            writes.add(() -> assertThat(
                    kind.equals("alone") ? commit.writeAlone("table", write) : commit.write("k", write))
                .isTrue());
        }
        OneCommit.of(commit, () -> 1, writes);
        assertThat(transactions).hasSize(20);
        assertThat(Set.copyOf(transactions)).hasSize(5);
    }

    @Test
    void oneStatementWritesWhatArrivesTogether(@Autowired GroupCommit commit) throws Exception {
        List<List<Integer>> executed = new CopyOnWriteArrayList<>();
        Function<List<Integer>, List<Integer>> statement = (items) -> {
            executed.add(items);
            return items.stream().map((item) -> item * 10).toList();
        };
        Map<Integer, Integer> results = new ConcurrentHashMap<>();
        List<Runnable> writes = new ArrayList<>();
        for (int n = 0; n < 20; n++) {
            int item = n;
            // Two have two writes.
            String key = "k%02d".formatted((n < 18) ? n : n - 9);
            writes.add(() -> results.put(item, commit.write(key, item, statement)));
        }
        OneCommit.of(commit, writes);
        assertThat(results).hasSize(20).allSatisfy((item, result) -> assertThat(result).isEqualTo(item * 10));
        assertThat(executed.stream().flatMap(List::stream)).containsExactlyInAnyOrderElementsOf(results.keySet());
        assertThat(executed).extracting(List::size)
            .as("powers of two, and no key twice")
            .containsExactlyInAnyOrder(8, 1, 1, 1, 1, 8);
    }

    @Test
    void whatFailsOneStatementFailsAlone(@Autowired GroupCommit commit, @Autowired JdbcClient client) throws Exception {
        Function<List<String>, List<Integer>> statement = (uris) -> uris.stream().map((uri) -> {
            if (uri.endsWith("7")) {
                throw new DataIntegrityViolationException(uri);
            }
            return insert(client, uri);
        }).toList();
        Map<String, String> outcomes = new ConcurrentHashMap<>();
        List<Runnable> writes = new ArrayList<>();
        for (int n = 0; n < 20; n++) {
            String uri = "ghcr.io/acme/joined:" + n;
            writes.add(() -> {
                try {
                    outcomes.put(uri, "stored " + commit.write(uri, uri, statement));
                }
                catch (DataIntegrityViolationException ex) {
                    outcomes.put(uri, "failed " + ex.getMessage());
                }
            });
        }
        OneCommit.of(commit, writes);
        assertThat(outcomes).hasSize(20)
            .allSatisfy(
                    (uri, outcome) -> assertThat(outcome).isEqualTo(uri.endsWith("7") ? "failed " + uri : "stored 1"));
        assertThat(client.sql("select image_uri from image_cache where image_uri like 'ghcr.io/acme/joined:%'")
            .query(String.class)
            .list()).containsExactlyInAnyOrderElementsOf(
                    outcomes.keySet().stream().filter((uri) -> !uri.endsWith("7")).toList());
    }

    @Test
    void writeThatCannotBeExecutedFailsAlone() throws Exception {
        withLockedRow((http, commit, locked, other) -> {
            try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
                Future<HttpResponse<String>> blocked = executor.submit(() -> put(http, locked));
                // These arrive while it is blocked, and after it.
                putConcurrently(http, 10);
                assertProblem(blocked.get(), 503, "storage-unavailable");
            }
            other.rollback();
            assertThat(put(http, locked).statusCode()).isEqualTo(200);
        });
    }

    /** PUTs share a statement until it is known which of them waits for the row. */
    @Test
    void lockedRowFailsItsOwnWriteAlone() throws Exception {
        withLockedRow((http, commit, locked, other) -> {
            Map<CacheKey, Integer> statuses = new ConcurrentHashMap<>();
            List<CacheKey> keys = Stream.concat(Stream.of(locked), Stream.generate(Keys::next)).limit(20).toList();
            OneCommit.of(commit,
                    keys.stream()
                        .map((key) -> (Runnable) () -> statuses.put(key, put(http, key).statusCode()))
                        .toList());
            other.rollback();
            assertThat(statuses).isEqualTo(keys.stream()
                .collect(Collectors.toMap(Function.identity(), (key) -> key.equals(locked) ? 503 : 201)));
        });
    }

    /** Only a statement of many writes is impatient. */
    @Test
    void writeWaitsForALockedRowAfterAStatementOfMany() throws Exception {
        withLockedRow((http, commit, locked, other) -> {
            Map<String, Integer> statuses = new ConcurrentHashMap<>();
            List<Runnable> writes = new ArrayList<>(List.of(() -> {
                Thread.startVirtualThread(() -> rollBackAfter(Duration.ofMillis(250), other));
                statuses.put("delete", http.delete("/images/" + locked).statusCode());
            }));
            // Before the locked one in the order of keys.
            for (int n = 0; n < 8; n++) {
                CacheKey key = CacheKey.parse("0".repeat(60) + locked.hex().substring(60, 63) + n);
                writes.add(() -> statuses.put(key.hex(), put(http, key).statusCode()));
            }
            OneCommit.of(commit, writes);
            assertThat(statuses).hasSize(9)
                .allSatisfy((key, status) -> assertThat(status).isEqualTo(key.equals("delete") ? 204 : 201));
        });
    }

    private static void rollBackAfter(Duration time, Connection connection) {
        LockSupport.parkNanos(time.toNanos());
        try {
            connection.rollback();
        }
        catch (SQLException ex) {
            throw new IllegalStateException(ex);
        }
    }

    /** In a service of its own, whose timeouts hold. */
    private static void withLockedRow(Scenario scenario) throws Exception {
        String url = Postgres.url(Postgres.port(), Postgres.newDatabase());
        try (ConfigurableApplicationContext service = SpringApplication.run(DejavuApplication.class, "--server.port=0",
                "--dejavu.registry.allowed=", "--spring.datasource.url=" + url);
                Connection other = DriverManager.getConnection(url)) {
            Http http = Http.of(service);
            CacheKey key = Keys.next();
            put(http, key);
            // The first ones take long, and no write may wait for long.
            putConcurrently(http, 40);
            lockRows(other);
            scenario.play(http, service.getBean("groupCommit", GroupCommit.class), key, other);
        }
    }

    @FunctionalInterface
    private interface Scenario {

        void play(Http http, GroupCommit commit, CacheKey locked, Connection other) throws Exception;

    }

    @Test
    void writeThatTimedOutIsNeverExecuted(@Autowired GroupCommit commit) throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch timedOut = new CountDownLatch(1);
        Thread first = Thread.startVirtualThread(() -> commit.write("first", () -> {
            started.countDown();
            OneCommit.await(timedOut);
            return 1;
        }));
        started.await();
        AtomicBoolean executed = new AtomicBoolean();
        assertThatThrownBy(() -> commit.write("late", () -> executed.getAndSet(true)))
            .isInstanceOf(QueryTimeoutException.class);
        timedOut.countDown();
        first.join();
        assertThat(commit.write("next", () -> 2)).isEqualTo(2);
        assertThat(executed).isFalse();
    }

    @Test
    void writeAfterStopFailsAtOnce(@Autowired TransactionOperations transaction) {
        GroupCommit commit = new GroupCommit(transaction);
        commit.start();
        assertThat(commit.write("before", () -> 1)).isEqualTo(1);
        commit.stop();
        assertThatThrownBy(() -> commit.write("after", () -> 2)).isInstanceOf(QueryTimeoutException.class);
    }

    private static void lockRows(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("select 1 from image_cache for update");
        }
    }

    private static List<CacheKey> putConcurrently(Http http, int count) throws Exception {
        List<CacheKey> keys = new ArrayList<>();
        List<Future<HttpResponse<String>>> puts = new ArrayList<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(32)) {
            for (int n = 0; n < count; n++) {
                CacheKey key = Keys.next();
                keys.add(key);
                puts.add(executor.submit(() -> put(http, key)));
            }
        }
        for (Future<HttpResponse<String>> put : puts) {
            assertThat(put.get(1, TimeUnit.SECONDS).statusCode()).isEqualTo(201);
        }
        return keys;
    }

    private static HttpResponse<String> put(Http http, CacheKey key) {
        return http.put("/images/" + key, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}");
    }

    private static int insert(JdbcClient client) {
        return insert(client, "ghcr.io/acme/together:v1");
    }

    private static int insert(JdbcClient client, String uri) {
        return client.sql("insert into image_cache (hash, image_uri, created_at, revision) values (?, ?, ?, 1)")
            .params(Keys.next().hex(), uri, System.currentTimeMillis())
            .update();
    }

}
