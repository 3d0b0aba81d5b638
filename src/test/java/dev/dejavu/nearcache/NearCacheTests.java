package dev.dejavu.nearcache;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Staleness;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class NearCacheTests {

    abstract static class Contract extends NearCacheFixture {

        @Test
        void nearCacheHitEqualsTheFirstResponseByteForByte() {
            CacheKey key = cachedEntry("v1");
            clearNearCache();
            HttpResponse<String> first = http.get(path(key));
            await().until(() -> http.get(path(key)).statusCode() == 200 && isInNearCache(key));
            HttpResponse<String> second = http.get(path(key));
            assertThat(second.statusCode()).isEqualTo(200);
            assertThat(second.body()).isEqualTo(first.body());
            assertThat(headers(second)).isEqualTo(headers(first));
        }

        @Test
        void nearCacheHitsAreCounted() {
            CacheKey key = cachedEntry("v1");
            long before = json(http.get("/stats")).at("/images/hits").asLong();
            http.get(path(key));
            assertThat(json(http.get("/stats")).at("/images/hits").asLong()).isEqualTo(before + 1);
        }

        @ParameterizedTest
        @CsvSource({ "Accept,*/*,200", "Accept,application/json,200", "Accept,text/html,406",
                "Accept,'application/json, */*',200", "If-None-Match,TAG,304", "If-None-Match,W/TAG,304",
                "If-None-Match,'\"x\", TAG',304", "If-None-Match,\"x\",200", "If-Match,\"x\",200" })
        void responseIsTheSameWithAndWithoutTheNearCache(String name, String value, int status) {
            CacheKey key = storedEntry("v1");
            String tag = header(http.head(path(key)), "ETag");
            clearNearCache();
            HttpResponse<String> uncached = http.get(path(key), name, value.replace("TAG", tag));
            await().until(() -> http.get(path(key)).statusCode() == 200 && isInNearCache(key));
            HttpResponse<String> cached = http.get(path(key), name, value.replace("TAG", tag));
            assertThat(uncached.statusCode()).isEqualTo(status);
            assertThat(cached.statusCode()).isEqualTo(status);
            assertThat(cached.body()).isEqualTo(uncached.body());
            assertThat(headers(cached)).isEqualTo(headers(uncached));
        }

        @Test
        void ownWritesAndRemovalsAreVisibleAtOnce() {
            CacheKey key = cachedEntry("v1");
            for (int n = 2; n < 20; n++) {
                put(key, "v" + n);
                assertThat(tag(http.get(path(key)))).isEqualTo("v" + n);
            }
            await().until(() -> http.get(path(key)).statusCode() == 200 && isInNearCache(key));
            http.delete(path(key));
            assertProblem(http.get(path(key)), 404, "miss");
            CacheKey one = cachedEntry("one");
            CacheKey other = cachedEntry("other");
            http.delete("/images?image_uri=ghcr.io/acme/a:one");
            assertProblem(http.get(path(one)), 404, "miss");
            assertThat(http.get(path(other)).statusCode()).isEqualTo(200);
            http.delete("/images");
            assertProblem(http.get(path(other)), 404, "miss");
        }

        @Test
        void nearCacheEntryExpiresToTheMillisecond() {
            CacheKey key = cachedEntry("v1");
            clock.advance(Duration.ofDays(30).minusMillis(1));
            assertThat(http.get(path(key)).statusCode()).isEqualTo(200);
            assertThat(isInNearCache(key)).isTrue();
            clock.advance(Duration.ofMillis(1));
            assertProblem(http.get(path(key)), 404, "miss");
            assertThat(json(lookup(key)).path("missing")).hasSize(1);
        }

        @Test
        void lookupReadsAndFillsTheNearCache() {
            CacheKey cached = cachedEntry("near");
            CacheKey uncached = storedEntry("far");
            CacheKey unknown = Keys.next();
            HttpResponse<String> response = lookup(cached, unknown, uncached);
            assertThat(json(response).at("/entries/0/image_uri").asString()).endsWith(":near");
            assertThat(json(response).at("/entries/1/image_uri").asString()).endsWith(":far");
            assertThat(json(response).at("/missing/0").asString()).isEqualTo(unknown.hex());
            await().until(() -> json(lookup(uncached)).path("entries").size() == 1 && isInNearCache(uncached));
        }

        @Test
        void ownWriteEndsAMissAtOnce() {
            for (int n = 0; n < 20; n++) {
                CacheKey key = knownMiss();
                put(key, "v" + n);
                assertThat(tag(get(key))).isEqualTo("v" + n);
                assertThat(json(lookup(key)).path("entries")).hasSize(1);
            }
        }

        /** A key may be written while the filter that has to have it is being read. */
        @Test
        void ownWriteEndsAMissAtOnceWhileAllKeysAreReadAgainAndAgain() throws Exception {
            try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
                AtomicBoolean isOver = new AtomicBoolean();
                Future<Integer> reading = executor.submit(() -> {
                    int times = 0;
                    while (!isOver.get()) {
                        get(Keys.next());
                        if (isKnownMiss(Keys.next())) {
                            clearNearCache();
                            times++;
                        }
                    }
                    return times;
                });
                for (int n = 0; n < 300; n++) {
                    CacheKey key = Keys.next();
                    put(key, "v1");
                    assertThat(get(key).statusCode()).isEqualTo(200);
                }
                isOver.set(true);
                assertThat(reading.get()).isPositive();
            }
        }

        @Test
        void nothingIsKnownOfAllKeysAfterAGapInTheFeedUntilTheyAreReadAgain() {
            awaitAllKeys();
            nearCaches.onInterruption();
            assertThat(isKnownMiss(Keys.next())).isFalse();
            awaitAllKeys();
            nearCaches.onReset();
            assertThat(isKnownMiss(Keys.next())).isFalse();
            awaitAllKeys();
        }

        @Test
        void missOfALookupIsKnown() {
            CacheKey key = Keys.next();
            await().until(() -> json(lookup(key)).path("missing").size() == 1 && isKnownMiss(key));
            put(key, "v1");
            assertThat(json(lookup(key)).path("entries")).hasSize(1);
        }

        @Test
        void entryThatIsStoredAgainAfterItExpiredIsFound() {
            CacheKey key = cachedEntry("v1");
            clock.advance(Duration.ofDays(30));
            await().until(() -> get(key).statusCode() == 404 && isKnownMiss(key));
            put(key, "v2");
            assertThat(tag(get(key))).isEqualTo("v2");
        }

        @Test
        void knownMissesAreCounted() {
            CacheKey key = knownMiss();
            long before = json(http.get("/stats")).at("/images/misses").asLong();
            get(key);
            assertThat(json(http.get("/stats")).at("/images/misses").asLong()).isEqualTo(before + 1);
        }

        @Test
        void missEqualsThatOfTheController() {
            String path = path(Keys.next());
            HttpResponse<String> plain = http.get(path);
            HttpResponse<String> other = http.get(path, "Accept", "application/json, */*");
            assertProblem(plain, 404, "miss");
            assertThat(plain.body()).isEqualTo(other.body());
            assertThat(headers(plain)).isEqualTo(headers(other));
        }

        @Test
        void invalidKeyIsRejected() {
            assertProblem(http.get("/images/ABC"), 400, "malformed-key");
            assertProblem(http.get("/nothing/" + Keys.next()), 404, "about:blank");
        }

    }

    @Nested
    @WithSqlite
    class OnSqlite extends Contract {

        /**
         * Deletes the row behind the back of the service: the near cache alone has it.
         */
        @Test
        void nearCacheHitNeedsNoDatabase() {
            CacheKey key = cachedEntry("v1");
            writer.sql("delete from image_cache where hash = ?").param(key.hex()).update();
            assertThat(get(key).statusCode()).isEqualTo(200);
        }

        @Test
        void knownMissNeedsNoDatabase() {
            CacheKey key = knownMiss();
            insert(key, "v1");
            assertThat(get(key).statusCode()).isEqualTo(404);
            assertThat(json(lookup(key)).path("missing")).hasSize(1);
        }

        @Test
        void firstQuestionForAKeyWithoutARowNeedsNoDatabase() {
            awaitAllKeys();
            CacheKey key = Keys.next();
            insert(key, "v1");
            assertThat(get(key).statusCode()).isEqualTo(404);
            assertThat(json(lookup(key)).path("missing")).hasSize(1);
            nearCaches.onChange("images", List.of(key));
            assertThat(get(key).statusCode()).isEqualTo(200);
        }

        /** More than the filter has place for at first, and than one statement reads. */
        @Test
        void noneOfManyKeysIsTakenForOneWithoutARow() {
            writer.sql("""
                    insert into image_cache (hash, image_uri, created_at, revision)
                    with recursive number(n) as (select 1 union all select n + 1 from number where n < 150000)
                    select lower(hex(randomblob(32))), 'ghcr.io/acme/many:v1', 1, 1 from number
                    """).update();
            clearNearCache();
            awaitAllKeys();
            List<CacheKey> keys = writer.sql("select hash from image_cache")
                .query((row, number) -> new CacheKey(row.getString(1)))
                .list();
            assertThat(keys).hasSizeGreaterThanOrEqualTo(150_000).noneMatch(this::isKnownMiss);
            assertThat(Stream.generate(Keys::next).limit(10_000)).filteredOn((key) -> !isKnownMiss(key))
                .hasSizeLessThan(450);
            writer.sql("delete from image_cache where created_at = 1").update();
        }

        /** It would take the lease of what another instance has just stored. */
        @Test
        void whoWaitsForAnEntryBelievesNoKnownMiss() {
            CacheKey key = knownMiss();
            insert(key, "v1");
            assertThat(http.get(path(key) + "?wait=1").statusCode()).isEqualTo(200);
        }

    }

    @Nested
    @WithPostgres
    class OnPostgres extends Contract {

        @Test
        void changeBySqlIsVisibleWithinASecond() {
            CacheKey changed = cachedEntry("v1");
            writer.sql("update image_cache set image_uri = 'ghcr.io/acme/a:v2' where hash = ?")
                .param(changed.hex())
                .update();
            Staleness.isBelowOneSecond(() -> get(changed).body().contains(":v2"));
            CacheKey removed = cachedEntry("v1");
            writer.sql("delete from image_cache where hash = ?").param(removed.hex()).update();
            Staleness.isBelowOneSecond(() -> get(removed).statusCode() == 404);
            CacheKey emptied = cachedEntry("v1");
            writer.sql("truncate image_cache").update();
            Staleness.isBelowOneSecond(() -> get(emptied).statusCode() == 404);
            CacheKey added = knownMiss();
            insert(added, "v1");
            Staleness.isBelowOneSecond(() -> get(added).statusCode() == 200);
        }

        @Test
        void bulkDeleteInvalidatesEveryRow() {
            List<CacheKey> keys = IntStream.range(0, 120).mapToObj((n) -> cachedEntry("many")).toList();
            writer.sql("delete from image_cache where image_uri = 'ghcr.io/acme/a:many'").update();
            Staleness.isBelowOneSecond(() -> keys.stream().noneMatch(this::isInNearCache));
        }

    }

}
