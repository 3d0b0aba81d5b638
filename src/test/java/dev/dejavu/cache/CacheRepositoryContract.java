package dev.dejavu.cache;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

import dev.dejavu.commit.GroupCommit;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.OneCommit;
import dev.dejavu.testing.SettableClock;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The contract of every repository, on every database.
 */
public abstract class CacheRepositoryContract<E extends CacheEntry> {

    protected static final Duration TTL = Duration.ofDays(30);

    @Autowired
    protected Cache<E> cache;

    @Autowired
    protected SettableClock clock;

    /** A value that no other test uses. */
    protected abstract String newValue();

    protected abstract E entry(CacheKey key, String value);

    @Test
    void unknownKeyIsAMiss() {
        assertThat(cache.lookups().find(Keys.next())).isEmpty();
    }

    @Test
    void entryIsFoundAsItWasPut() {
        E entry = newEntry();
        cache.put(entry);
        assertThat(cache.lookups().find(entry.key())).contains(entry);
    }

    @Test
    void secondPutReplacesAndIsNotNew() {
        E entry = newEntry();
        assertThat(cache.put(entry).created()).isTrue();
        E other = entry(entry.key(), newValue());
        assertThat(cache.put(other).created()).isFalse();
        assertThat(cache.put(other).created()).isFalse();
        assertThat(cache.lookups().find(entry.key())).contains(other);
    }

    @Test
    void putOfAnotherValueReturnsThePreviousOne() {
        E entry = newEntry();
        assertThat(cache.put(entry).previousValue()).isNull();
        assertThat(cache.put(entry).previousValue()).isNull();
        E other = entry(entry.key(), newValue());
        assertThat(cache.put(other).previousValue()).isEqualTo(entry.value());
        assertThat(cache.put(other).previousValue()).isNull();
        clock.advance(TTL);
        assertThat(cache.put(entry).previousValue()).isNull();
    }

    @Test
    void putOverAnExpiredEntryIsNew() {
        E entry = newEntry();
        cache.put(entry);
        clock.advance(TTL);
        assertThat(cache.put(entry(entry.key(), newValue())).created()).isTrue();
        assertThat(cache.put(entry(entry.key(), newValue())).created()).isFalse();
    }

    @Test
    void entryExpiresToTheMillisecond() {
        E entry = newEntry();
        cache.put(entry);
        clock.advance(TTL.minusMillis(1));
        assertThat(cache.lookups().find(entry.key())).isPresent();
        clock.advance(Duration.ofMillis(1));
        assertThat(cache.lookups().find(entry.key())).isEmpty();
        assertThat(cache.lookups().findAll(List.of(entry.key()))).isEmpty();
        assertThat(page(Cursor.START, 500)).doesNotContain(entry);
        assertThat(entry.expiresAt()).isEqualTo(clock.instant());
    }

    @Test
    void putRestartsTheTtl() {
        E entry = newEntry();
        cache.put(entry);
        clock.advance(TTL.minusMillis(1));
        cache.put(entry(entry.key(), newValue()));
        clock.advance(TTL.minusMillis(1));
        assertThat(cache.lookups().find(entry.key())).isPresent();
    }

    @Test
    void removedEntryIsAMiss() {
        E entry = newEntry();
        cache.put(entry);
        cache.remove(entry.key());
        assertThat(cache.lookups().find(entry.key())).isEmpty();
        cache.remove(entry.key());
    }

    @Test
    void thousandKeysAreFoundInOneLookup() {
        List<E> entries = newEntries(700);
        List<CacheKey> requested = new ArrayList<>(entries.stream().map(CacheEntry::key).toList());
        for (int i = 0; i < 300; i++) {
            requested.add(Keys.next());
        }
        assertThat(cache.lookups().findAll(requested).stream().map(Hit::entry).toList())
            .containsExactlyInAnyOrderElementsOf(entries);
    }

    @Test
    void listIsNewestFirstAndItsPagesHaveNoGap() {
        List<E> entries = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            // three share a millisecond
            clock.advance(Duration.ofMillis((i % 3 == 0) ? 1 : 0));
            entries.addAll(newEntries(1));
        }
        List<E> listed = new ArrayList<>();
        Cursor after = Cursor.START;
        while (listed.size() < 6) {
            List<E> page = page(after, 2);
            assertThat(page).hasSize(2);
            listed.addAll(page);
            after = Cursor.after(page.getLast());
        }
        listed.addAll(page(after, 1));
        assertThat(listed).containsExactlyInAnyOrderElementsOf(entries);
        assertThat(listed).extracting(CacheEntry::createdAt).isSortedAccordingTo((one, other) -> other.compareTo(one));
    }

    @Test
    void entriesOfOneValueAreListedAndRemovedAlone() {
        E other = newEntry();
        cache.put(other);
        String value = newValue();
        List<E> entries = List.of(entry(Keys.next(), value), entry(Keys.next(), value));
        entries.forEach(cache::put);
        assertThat(cache.list(Cursor.START, 500, value, null).entries()).containsExactlyInAnyOrderElementsOf(entries);
        assertThat(cache.removeAll(value).rows()).isEqualTo(2);
        assertThat(cache.list(Cursor.START, 500, value, null).entries()).isEmpty();
        assertThat(cache.removeAll(value).rows()).isZero();
        assertThat(cache.lookups().find(other.key())).isPresent();
    }

    @Test
    void filteredListEndsThoughNothingMatches(@Autowired CacheTable<E> table) {
        Caller limited = new Caller(null, "", false, false, new Grant(List.of("nobody's"::equals), List.of()),
                Grant.ALL);
        cache.removeAll(null);
        newEntries(5100);
        clock.advance(Duration.ofMillis(1));
        newEntries(100);
        List<Page<E>> pages = new ArrayList<>();
        for (Cursor after = Cursor.START; after != null && pages.size() < 10; after = pages.getLast().next()) {
            pages.add(new PageReader<>(table, limited, Search.ALL, (rows) -> rows, null).read(after, 2));
        }
        assertThat(pages).hasSizeBetween(2, 9).allMatch((page) -> page.entries().isEmpty());
        assertThat(pages.getFirst().next()).hasToString(clock.millis() + "-");
        assertThat(pages.getLast().next()).isNull();
    }

    @Test
    void removeAllRemovesAnyNumberOfEntries() {
        cache.removeAll(null);
        newEntries(2100);
        assertThat(cache.count().entries()).isEqualTo(2100);
        assertThat(cache.removeAll(null).rows()).isEqualTo(2100);
        assertThat(cache.count().entries()).isZero();
    }

    @Test
    void concurrentRemovalsOfOneValueRemoveEachRowOnce() throws Exception {
        String value = newValue();
        for (int i = 0; i < 1500; i++) {
            cache.put(entry(Keys.next(), value));
        }
        List<Integer> removed = concurrently(3, () -> cache.removeAll(value).rows());
        assertThat(removed.stream().mapToInt(Integer::intValue).sum()).isEqualTo(1500);
        assertThat(cache.list(Cursor.START, 500, value, null).entries()).isEmpty();
    }

    @Test
    void entryThatIsStoredAfterTheStartOfARemovalRemains(@Autowired CacheTable<E> table) {
        String value = newValue();
        Selection selection = new Selection(value, null, clock.millis());
        E before = entry(Keys.next(), value);
        cache.put(before);
        clock.advance(Duration.ofMillis(1));
        E after = entry(Keys.next(), value);
        cache.put(after);
        assertThat(table.removeSome(selection, new CacheKey(""), 10)).containsExactly(before.key());
        assertThat(cache.lookups().find(after.key())).isPresent();
        assertThat(cache.removeAll(value).rows()).isOne();
    }

    @Test
    void slicesOfACountHaveNoGap(@Autowired CacheTable<E> table) {
        cache.removeAll(null);
        newEntries(4);
        clock.advance(Duration.ofMillis(1));
        newEntries(3);
        List<Long> counted = new ArrayList<>();
        Cursor after = null;
        do {
            CountedRows rows = table.countSome(after, 3, false);
            counted.add(rows.entries().values().stream().mapToLong(Long::longValue).sum());
            after = rows.next();
        }
        while (after != null);
        assertThat(counted).containsExactly(3L, 3L, 1L);
    }

    @Test
    void onlyLiveEntriesAreCounted() {
        cache.removeAll(null);
        newEntries(3);
        clock.advance(TTL);
        newEntries(2);
        assertThat(cache.count().entries()).isEqualTo(2);
    }

    @Test
    void pruneRemovesOnlyExpiredRowsUpToItsLimit() {
        cache.removeAll(null);
        newEntries(5);
        clock.advance(TTL);
        List<E> live = newEntries(2);
        assertThat(cache.pruneExpired(0, 3)).hasSize(3);
        assertThat(cache.pruneExpired(0, 3)).hasSize(2);
        assertThat(cache.pruneExpired(0, 3)).isEmpty();
        assertThat(cache.count().entries()).isEqualTo(2);
        assertThat(cache.lookups().find(live.getFirst().key())).isPresent();
        assertThat(cache.removeAll(null).rows()).isEqualTo(2);
    }

    @Test
    void keysArePagesOfAllRows(@Autowired CacheTable<E> table) {
        cache.removeAll(null);
        List<CacheKey> keys = new ArrayList<>();
        newEntries(3).forEach((entry) -> keys.add(entry.key()));
        clock.advance(TTL);
        E entry = newEntry();
        table.put(entry);
        table.put(entry(entry.key().in("team/a"), newValue()));
        keys.addAll(List.of(entry.key(), entry.key().in("team/a")));
        List<CacheKey> first = table.keys(new CacheKey(""), 4);
        List<CacheKey> second = table.keys(first.getLast(), 4);
        List<CacheKey> read = Stream.of(first, second).flatMap(List::stream).toList();
        assertThat(read).containsExactlyInAnyOrderElementsOf(keys)
            .isSortedAccordingTo(Comparator.comparing(CacheKey::toString));
    }

    /** More than one statement takes; in an overlay entries expire earlier. */
    @Test
    void entriesThatArriveTogetherAreEachStoredAsAlone(@Autowired GroupCommit commit, @Autowired CacheTable<E> table)
            throws Exception {
        List<E> expired = newEntries(20);
        clock.advance(Duration.ofMillis(1));
        List<E> live = newEntries(20);
        List<E> inOverlay = live.stream().map((entry) -> entry(entry.key().in("team/a"), newValue())).toList();
        inOverlay.forEach(table::put);
        clock.advance(TTL.minusMillis(1));
        List<E> entries = Stream.of(expired, live, inOverlay, newKeys(90))
            .flatMap(List::stream)
            .map((entry) -> entry(entry.key(), newValue()))
            .toList();
        Map<CacheKey, PutResult<E>> results = new ConcurrentHashMap<>();
        OneCommit.of(commit,
                entries.stream().map((entry) -> (Runnable) () -> results.put(entry.key(), table.put(entry))).toList());
        Map<CacheKey, String> previous = live.stream().collect(Collectors.toMap(CacheEntry::key, CacheEntry::value));
        assertThat(results).hasSize(150);
        for (E entry : entries) {
            PutResult<E> result = Objects.requireNonNull(results.get(entry.key()));
            assertThat(result.entry().value()).isEqualTo(entry.value());
            assertThat(result.previousValue()).isEqualTo(previous.get(entry.key()));
            assertThat(result.created()).isEqualTo(!previous.containsKey(entry.key()));
            Optional<E> found = table.find(entry.key());
            assertThat(found.map(CacheEntry::value)).contains(entry.value());
            if (entry.key().isInBase()) {
                assertThat(found).contains(result.entry());
            }
        }
    }

    private List<E> newKeys(int number) {
        return Stream.generate(this::newEntry).limit(number).toList();
    }

    @Test
    void concurrentWritersOfOneKeyCreateOneEntry() throws Exception {
        E entry = newEntry();
        List<Boolean> created = concurrently(8, () -> cache.put(entry).created());
        assertThat(created).filteredOn((one) -> one).hasSize(1);
        assertThat(cache.lookups().find(entry.key())).contains(entry);
    }

    @Test
    void concurrentPrunesRemoveEachRowOnce() throws Exception {
        cache.removeAll(null);
        newEntries(1500);
        clock.advance(TTL);
        List<E> live = newEntries(300);
        List<Integer> pruned = concurrently(4, () -> prune(50));
        assertThat(pruned.stream().mapToInt(Integer::intValue).sum()).isEqualTo(1500);
        assertThat(cache.lookups().findAll(live.stream().map(CacheEntry::key).toList())).hasSize(300);
        assertThat(cache.removeAll(null).rows()).isEqualTo(300);
    }

    @Test
    void entryRenewedDuringAPruneRemains() throws Exception {
        cache.removeAll(null);
        List<E> old = newEntries(600);
        clock.advance(TTL);
        List<E> renewed = old.stream().map((entry) -> entry(entry.key(), newValue())).toList();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Integer> prune = executor.submit(() -> prune(20));
            renewed.forEach(cache::put);
            prune.get();
        }
        assertThat(cache.lookups().findAll(renewed.stream().map(CacheEntry::key).toList())).hasSize(600);
    }

    @Test
    void pruneRemovesTheOldestRowsAfterItsStart() {
        cache.removeAll(null);
        List<Long> created = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            created.add(clock.millis());
            newEntries(1);
            clock.advance(Duration.ofSeconds(1));
        }
        clock.advance(TTL);
        assertThat(cache.pruneExpired(created.get(1), 2)).containsExactlyInAnyOrder(created.get(1), created.get(2));
        assertThat(cache.pruneExpired(created.get(2), 9)).containsExactlyInAnyOrder(created.get(3), created.get(4));
        assertThat(cache.pruneExpired(Long.MIN_VALUE, 9)).containsExactly(created.getFirst());
    }

    private int prune(int limit) {
        int total = 0;
        int rows;
        do {
            rows = cache.pruneExpired(0, limit).size();
            total += rows;
        }
        while (rows == limit);
        return total;
    }

    private List<E> page(Cursor after, int limit) {
        return cache.list(after, limit, null, null).entries();
    }

    private E newEntry() {
        return entry(Keys.next(), newValue());
    }

    private List<E> newEntries(int number) {
        List<E> entries = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            E entry = newEntry();
            cache.put(entry);
            entries.add(entry);
        }
        return entries;
    }

    private static <T> List<T> concurrently(int times, Callable<T> call) throws Exception {
        List<T> results = new ArrayList<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(times)) {
            List<Callable<T>> calls = new ArrayList<>();
            for (int i = 0; i < times; i++) {
                calls.add(call);
            }
            for (Future<T> future : executor.invokeAll(calls)) {
                results.add(future.get());
            }
        }
        return results;
    }

}
