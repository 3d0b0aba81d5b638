package dev.dejavu.image;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheRepositoryContract;
import dev.dejavu.cache.Cost;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.RegistryEventListener;
import dev.dejavu.cache.Verification;
import dev.dejavu.cache.WatermarkTable;
import dev.dejavu.commit.GroupCommit;
import dev.dejavu.registry.ImageReference;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.OneCommit;
import dev.dejavu.testing.WithDocker;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class ImageCacheRepositoryTests {

    private static final int REFERENCES = 10_000;

    private static final AtomicInteger count = new AtomicInteger();

    abstract static class Contract extends CacheRepositoryContract<CachedImage> {

        @Autowired
        private JdbcClient reader;

        @Override
        protected String newValue() {
            return "ghcr.io/acme/my-app:v" + count.incrementAndGet();
        }

        @Override
        protected CachedImage entry(CacheKey hash, String imageUri) {
            Instant now = clock.instant();
            return new CachedImage(hash, imageUri, null, null, null, now, now.plus(TTL), null,
                    Verification.byClient(now).withAsOf(lastNumber()), now, null);
        }

        /** That of the last event, which a PUT knows. */
        private long lastNumber() {
            return reader.sql("select number from registry_counter").query(Long.class).single();
        }

        /** Which members are null differs from row to row, and from time to time. */
        @Test
        void imagesThatArriveTogetherKeepTheirOwnMembers(@Autowired GroupCommit commit,
                @Autowired ImageCacheRepository table) throws Exception {
            List<CachedImage> images = new ArrayList<>();
            for (int n = 0; n < 64; n++) {
                CachedImage image = entry(Keys.next(), newValue()).withWrittenBy((n % 2 == 0) ? "ada" + n : null);
                images.add(image.withCost((n % 3 == 0) ? new Cost(n, null) : (n % 3 == 1) ? new Cost(n, 9L) : null));
            }
            List<CachedImage> again = images.stream()
                .map((image) -> image.withWrittenBy("ben").withCost(null))
                .toList();
            for (int round = 0; round < 2; round++) {
                Map<CacheKey, CachedImage> stored = new ConcurrentHashMap<>();
                OneCommit.of(commit,
                        List.of(images, again)
                            .get(round)
                            .stream()
                            .map((image) -> (Runnable) () -> stored.put(image.hash(), table.put(image).entry()))
                            .toList());
                for (CachedImage image : images) {
                    CachedImage kept = Objects.requireNonNull(stored.get(image.hash()));
                    assertThat(kept.cost()).isEqualTo(image.cost());
                    String author = (image.writtenBy() != null || round == 0) ? image.writtenBy() : "ben";
                    assertThat(kept.writtenBy()).isEqualTo(author);
                    assertThat(table.find(image.hash())).contains(kept);
                }
            }
        }

        @Test
        void claimKnowsTheLastEventOfTheDatabaseAndNothingKnowsMore(@Autowired ImageCacheRepository table,
                @Autowired WatermarkTable numbers) {
            numbers.next(0);
            CachedImage image = entry(Keys.next(), newValue());
            CachedImage stored = table.put(image.withVerification(Verification.byClient(clock.instant()))).entry();
            assertThat(stored.verification().asOf()).isEqualTo(lastNumber());
            assertThat(table.find(image.hash())).contains(stored);
            CachedImage confirmed = stored
                .withVerification(Verification.byRegistry(clock.instant(), "sha256:a", List.of(), lastNumber() + 1));
            assertThat(table.replace(stored, confirmed)).isTrue();
            assertThat(table.find(image.hash()).orElseThrow().verification().asOf()).isEqualTo(lastNumber());
        }

        @Test
        void rowThatAnOlderVersionInvalidatedIsAMissUntilItIsStored(@Autowired JdbcClient writer) {
            CachedImage image = entry(Keys.next(), newValue());
            cache.put(image);
            writer.sql("update image_cache set verified_at = -verified_at where hash = ?")
                .param(image.hash().hex())
                .update();
            assertThat(cache.lookups().find(image.hash())).isEmpty();
            cache.put(image);
            assertThat(cache.lookups().find(image.hash())).isPresent();
        }

        @Test
        void partsAreStoredUntilAPutWithoutThemAndTheCostIsKept() {
            CachedImage plain = entry(Keys.next(), newValue());
            ImageParts parts = new ImageParts("dns:///example.union.ai:proj:dev", "ghcr.io/acme/my-app", "v1.0",
                    List.of("linux/arm64", "linux/amd64"));
            CachedImage image = new CachedImage(plain.hash(), plain.imageUri(), parts, "the run", new Cost(4.25, null),
                    plain.createdAt(), plain.expiresAt(), null, plain.verification(), plain.firstPutAt(), null);
            cache.put(image);
            assertThat(cache.lookups().find(image.hash())).contains(image);
            assertThat(parts.platforms()).containsExactly("linux/amd64", "linux/arm64");
            cache.put(plain);
            assertThat(cache.lookups().find(image.hash())).contains(plain.withCost(image.cost()));
        }

        @Test
        void confirmedIsWhatTheRegistrySawUnderOtherKeysOfTheBaseOrTheOverlay(@Autowired ImageCacheRepository table) {
            String uri = newValue();
            ImageParts amd64 = parts("linux/amd64");
            Verification confirmed = Verification.byRegistry(clock.instant(), "sha256:a", List.of("sha256:b"),
                    lastNumber());
            CachedImage first = confirmed(Keys.next(), uri, amd64, confirmed);
            CachedImage ofOverlay = confirmed(Keys.next().in("mine"), uri, amd64, confirmed);
            confirmed(Keys.next().in("other"), uri, amd64, confirmed);
            confirmed(Keys.next(), uri, parts("linux/amd64", "linux/arm64"), confirmed);
            confirmed(Keys.next(), newValue(), amd64, confirmed);
            confirmed(Keys.next(), uri, null, confirmed);
            confirmed(Keys.next(), uri, amd64, Verification.byClient(clock.instant()));
            CacheKey takenBack = confirmed(Keys.next(), uri, amd64, confirmed).key();
            table.invalidate(takenBack, lastNumber() + 1);
            confirmed(Keys.next(), uri, amd64,
                    Verification.byRegistry(clock.instant().minusMillis(1), "sha256:a", List.of(), lastNumber()));
            CacheKey key = Keys.next();
            CachedImage asked = with(entry(key, uri), amd64, confirmed);
            confirmed(key, uri, amd64, confirmed);
            assertThat(table.findConfirmed(asked, clock.instant())).containsExactly(first);
            assertThat(table.findConfirmed(with(entry(key.in("mine"), uri), amd64, confirmed), clock.instant()))
                .extracting(CachedImage::hash)
                .containsExactlyInAnyOrder(first.hash(), ofOverlay.hash());
            table.remove(takenBack);
            clock.advance(TTL);
            assertThat(table.findConfirmed(asked, Instant.EPOCH)).isEmpty();
        }

        @Test
        void confirmedIsFoundByIndexAmongManyOfOneImage(@Autowired JdbcClient reader, @Autowired JdbcClient writer,
                @Autowired DataSource dataSource) throws SQLException {
            writer
                .sql("""
                        with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 5000)
                        insert into image_cache (hash, image_uri, scope, repository, tag, platforms, verified_by, verified_at,
                            created_at, revision)
                        select 'many' || n, 'ghcr.io/a/b:v1', 's' || n, 'ghcr.io/a/b', 'v1', 'linux/amd64', 'registry', n,
                            1000000, 1 from numbers
                        """)
                .update();
            writer.sql("analyze image_cache").update();
            try (Connection connection = dataSource.getConnection()) {
                boolean isSqlite = connection.getMetaData().getDatabaseProductName().equals("SQLite");
                Map<String, Object> parameters = Map.of("imageUri", "ghcr.io/a/b:v1", "platforms", "linux/amd64",
                        "after", 5000L, "hash", "", "overlay", "", "cutoff", 0L, "overlayCutoff", 0L);
                assertThat(reader.sql((isSqlite ? "explain query plan " : "explain ") + ImageCacheRepository.CONFIRMED)
                    .params(parameters)
                    .query()
                    .listOfRows()
                    .toString()).contains("image_cache_confirmed").containsPattern("verified_at ?>");
            }
            finally {
                writer.sql("delete from image_cache where hash like 'many%'").update();
            }
        }

        @Test
        void verificationIsReplacedOnlyWhereNobodyVerifiedMeanwhile(@Autowired ImageCacheRepository table) {
            CachedImage image = table.put(entry(Keys.next(), newValue())).entry();
            clock.advance(Duration.ofMillis(1));
            CachedImage confirmed = image.withVerification(Verification.byRegistry(clock.instant(), "sha256:a",
                    List.of("sha256:b", "sha256:c"), lastNumber()));
            assertThat(table.replace(image, confirmed)).isTrue();
            assertThat(table.find(image.hash())).contains(confirmed);
            assertThat(table.replace(image, confirmed)).isFalse();
            assertThat(table.removeIfUnchanged(image)).isFalse();
            assertThat(table.removeIfUnchanged(confirmed)).isTrue();
        }

        @Test
        void verificationThatBeganBeforeTheSecondInvalidationComesTooLate(@Autowired ImageCacheRepository table,
                @Autowired WatermarkTable numbers) {
            CacheKey key = table.put(entry(Keys.next(), newValue())).entry().key();
            long first = numbers.next(0);
            long second = numbers.next(0);
            for (long number : List.of(first, second)) {
                table.invalidate(key, number);
                assertThat(table.find(key).orElseThrow().verification().isTakenBack()).isTrue();
            }
            CachedImage found = table.find(key).orElseThrow();
            CachedImage late = found
                .withVerification(Verification.byRegistry(clock.instant(), "sha256:a", List.of(), first));
            assertThat(table.replace(found, late)).isTrue();
            assertThat(table.find(key).orElseThrow().verification().isTakenBack()).isTrue();
            assertThat(table.put(late).entry().verification().isTakenBack()).isTrue();
            assertThat(table.put(late.withVerification(late.verification().withAsOf(second)))
                .entry()
                .verification()
                .isTakenBack()).isFalse();
            table.remove(key);
        }

        @Test
        void entriesOfARepositoryAreFoundByTag(@Autowired ImageCacheRepository table) {
            String repository = "ghcr.io/acme/by-tag" + count.incrementAndGet();
            CachedImage first = table.put(entry(Keys.next(), repository + ":v1")).entry();
            CachedImage second = table.put(entry(Keys.next().in("pr/7"), repository + ":v2")).entry();
            CachedImage digest = table.put(entry(Keys.next(), repository + ":v1@sha256:" + "0".repeat(64))).entry();
            table.put(entry(Keys.next(), repository + "/other:v1"));
            assertThat(table.findByRepository(repository, "v1", 9)).containsExactly(first);
            assertThat(table.findByRepository(repository, null, 9)).extracting(CachedImage::hash)
                .containsExactlyInAnyOrder(first.hash(), second.hash(), digest.hash());
            assertThat(table.findByRepository(repository, null, 2)).hasSize(2);
            assertThat(digest.registryTag()).isNull();
            assertThat(second.registryTag()).isEqualTo("v2");
            clock.advance(TTL);
            assertThat(table.findByRepository(repository, null, 9)).isEmpty();
        }

        @Test
        void entriesOfARepositoryAreFoundByIndexAmongMany(@Autowired JdbcClient writer,
                @Autowired DataSource dataSource) throws SQLException {
            writer.sql("""
                    with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 5000)
                    insert into image_cache (hash, image_uri, created_at, revision)
                    select 'tags' || n, 'ghcr.io/a/b' || n % 50 || ':v' || n, 1000000, 1 from numbers
                    """).update();
            writer.sql("analyze image_cache").update();
            try (Connection connection = dataSource.getConnection()) {
                boolean isSqlite = connection.getMetaData().getDatabaseProductName().equals("SQLite");
                Map<String, Object> parameters = Map.of("repository", "ghcr.io/a/b7", "version", ":v7", "cutoff", 0L,
                        "overlayCutoff", 0L, "limit", 100);
                for (String condition : List.of("", ImageCacheRepository.OF_VERSION)) {
                    assertThat(reader
                        .sql((isSqlite ? "explain query plan " : "explain ")
                                + ImageCacheRepository.OF_REPOSITORY.replace("{condition}", condition))
                        .params(parameters)
                        .query()
                        .listOfRows()
                        .toString()).contains("image_cache_registry_repository").doesNotContain("SCAN", "Seq Scan");
                }
            }
            finally {
                writer.sql("delete from image_cache where hash like 'tags%'").update();
            }
        }

        private static ImageParts parts(String... platforms) {
            return new ImageParts("s", "ghcr.io/acme/my-app", "v1.0", List.of(platforms));
        }

        private CachedImage confirmed(CacheKey key, String uri, @Nullable ImageParts parts, Verification verification) {
            CachedImage image = with(entry(key, uri), parts, verification);
            return cache.put(image).entry();
        }

        private static CachedImage with(CachedImage plain, @Nullable ImageParts parts, Verification verification) {
            return new CachedImage(plain.hash(), plain.imageUri(), parts, null, null, plain.createdAt(),
                    plain.expiresAt(), null, verification, plain.firstPutAt(), null);
        }

        /**
         * What an event names is found by a column, which must equal what Java derives.
         */
        @Test
        void registryRepositoryIsTheSameInJavaAndInTheDatabase(@Autowired JdbcClient reader) throws Exception {
            long seed = new Random().nextLong();
            RandomReferences references = new RandomReferences(new Random(seed));
            ImageParts parts = new ImageParts("random " + seed, "r", "t", List.of("linux/amd64"));
            try (ExecutorService writers = Executors.newFixedThreadPool(32)) {
                for (int i = 0; i < REFERENCES; i++) {
                    CachedImage plain = entry(Keys.next(), references.next());
                    writers.execute(() -> cache
                        .put(new CachedImage(plain.hash(), plain.imageUri(), parts, null, null, plain.createdAt(),
                                plain.expiresAt(), null, plain.verification(), plain.firstPutAt(), null)));
                }
            }
            List<CachedImage> differing = new ArrayList<>();
            int rows = reader.sql("select hash, image_uri, registry_repository from image_cache where scope = ?")
                .param(parts.scope())
                .query((row, number) -> {
                    CachedImage image = entry(new CacheKey(row.getString(1)), row.getString(2));
                    if (!Objects.requireNonNull(ImageReference.parse(image.imageUri()))
                        .repository()
                        .equals(row.getString(3))) {
                        differing.add(image);
                    }
                    return image;
                })
                .list()
                .size();
            assertThat(rows).isEqualTo(REFERENCES);
            assertThat(differing).as("seed " + seed).isEmpty();
        }

    }

    @Nested
    @WithSqlite
    class OnSqlite extends Contract {

    }

    @Nested
    @WithPostgres
    class OnPostgres extends Contract {

        @Autowired
        private DataSource dataSource;

        @Test
        void rowOfAnOlderVersionIsInvalidatedToo(@Autowired RegistryEventListener listener) throws Exception {
            CachedImage image = entry(Keys.next(), "registry.example.com/acme/old-row:v1");
            cache.put(image);
            try (Connection connection = dataSource.getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("update image_cache set verified_at = null, verified_by = null where hash = '"
                        + image.hash() + "'");
            }
            assertThat(cache.lookups().find(image.hash())).isPresent();
            RegistryEvent event = new RegistryEvent(RegistryEvent.Kind.DELETE, "registry.example.com/acme/old-row",
                    null, null);
            listener.onRegistryEvents("test", List.of(event));
            assertThat(cache.lookups().find(image.hash())).isEmpty();
            assertThat(cache.removeAll(image.imageUri()).rows()).isOne();
        }

        @Test
        void rowRenewedDuringABlockedPruneRemains() throws Exception {
            CachedImage image = entry(Keys.next(), newValue());
            cache.put(image);
            clock.advance(TTL);
            whileUncommitted(
                    "update image_cache set created_at = %d where hash = '%s'".formatted(clock.millis(), image.hash()),
                    () -> cache.pruneExpired(0, 1_000_000).size());
            assertThat(cache.lookups().find(image.hash())).isPresent();
        }

        @Test
        void rowChangedDuringABlockedRemovalRemains() throws Exception {
            CachedImage image = entry(Keys.next(), newValue());
            cache.put(image);
            int removed = whileUncommitted("update image_cache set image_uri = 'ghcr.io/acme/new:v1' where hash = '%s'"
                .formatted(image.hash()), () -> cache.removeAll(image.imageUri()).rows());
            assertThat(removed).isZero();
            assertThat(cache.lookups().find(image.hash())).isPresent();
        }

        @Test
        void removeAllLeavesNothingThoughAnotherRemovesARowMeanwhile() throws Exception {
            cache.removeAll(null);
            for (int i = 0; i < 2500; i++) {
                cache.put(entry(Keys.next(), newValue()));
            }
            int removed = whileUncommitted("delete from image_cache where hash = (select min(hash) from image_cache)",
                    () -> cache.removeAll(null).rows());
            assertThat(removed).isEqualTo(2499);
            assertThat(cache.count().entries()).isZero();
        }

        /**
         * Commits a change on another connection once the call waits for its lock, or has
         * failed.
         */
        private int whileUncommitted(String change, Callable<Integer> call) throws Exception {
            try (Connection other = dataSource.getConnection();
                    Statement statement = other.createStatement();
                    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
                other.setAutoCommit(false);
                statement.executeUpdate(change);
                Future<Integer> waiting = executor.submit(call);
                await().pollInterval(Duration.ofMillis(20)).until(() -> waiting.isDone() || waitsForALock(statement));
                other.commit();
                return waiting.get();
            }
        }

        private static boolean waitsForALock(Statement statement) throws SQLException {
            try (ResultSet result = statement.executeQuery(
                    "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%image_cache%'")) {
                return result.next();
            }
        }

    }

    @Nested
    @WithDocker
    class OnDocker extends Contract {

    }

}
