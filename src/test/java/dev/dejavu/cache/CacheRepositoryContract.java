package dev.dejavu.cache;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

import dev.dejavu.testing.Keys;
import dev.dejavu.testing.SettableClock;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What every repository keeps to, on every database.
 */
public abstract class CacheRepositoryContract<E extends CacheEntry> {

    protected static final Duration TTL = Duration.ofDays(30);

    @Autowired
    protected CacheRepository<E> repository;

    @Autowired
    protected SettableClock clock;

    /** A value that no other test has. */
    protected abstract String newValue();

    protected abstract E entry(CacheKey key, String value);

    @Test
    void unknownKeyIsAMiss() {
        assertThat(repository.find(Keys.next())).isEmpty();
    }

    @Test
    void entryIsFoundAsItWasPut() {
        E entry = newEntry();
        repository.put(entry);
        assertThat(repository.find(entry.key())).contains(entry);
    }

    @Test
    void secondPutReplacesAndSaysSo() {
        E entry = newEntry();
        assertThat(repository.put(entry).created()).isTrue();
        E other = entry(entry.key(), newValue());
        assertThat(repository.put(other).created()).isFalse();
        assertThat(repository.put(other).created()).isFalse();
        assertThat(repository.find(entry.key())).contains(other);
    }

    @Test
    void putOfAnotherValueSaysWhichItReplaced() {
        E entry = newEntry();
        assertThat(repository.put(entry).previousValue()).isNull();
        assertThat(repository.put(entry).previousValue()).isNull();
        E other = entry(entry.key(), newValue());
        assertThat(repository.put(other).previousValue()).isEqualTo(entry.value());
        assertThat(repository.put(other).previousValue()).isNull();
        clock.advance(TTL);
        assertThat(repository.put(entry).previousValue()).isNull();
    }

    @Test
    void putOverAnExpiredEntryIsNew() {
        E entry = newEntry();
        repository.put(entry);
        clock.advance(TTL);
        assertThat(repository.put(entry(entry.key(), newValue())).created()).isTrue();
        assertThat(repository.put(entry(entry.key(), newValue())).created()).isFalse();
    }

    @Test
    void entryExpiresToTheMillisecond() {
        E entry = newEntry();
        repository.put(entry);
        clock.advance(TTL.minusMillis(1));
        assertThat(repository.find(entry.key())).isPresent();
        clock.advance(Duration.ofMillis(1));
        assertThat(repository.find(entry.key())).isEmpty();
        assertThat(repository.findAll(List.of(entry.key()))).isEmpty();
        assertThat(page(Cursor.START, 500)).doesNotContain(entry);
        assertThat(entry.expiresAt()).isEqualTo(clock.instant());
    }

    @Test
    void putStartsTheClockAgain() {
        E entry = newEntry();
        repository.put(entry);
        clock.advance(TTL.minusMillis(1));
        repository.put(entry(entry.key(), newValue()));
        clock.advance(TTL.minusMillis(1));
        assertThat(repository.find(entry.key())).isPresent();
    }

    @Test
    void removedEntryIsAMiss() {
        E entry = newEntry();
        repository.put(entry);
        repository.remove(entry.key());
        assertThat(repository.find(entry.key())).isEmpty();
        repository.remove(entry.key());
    }

    @Test
    void thousandKeysAreFoundAtOnce() {
        List<E> entries = newEntries(700);
        List<CacheKey> asked = new ArrayList<>(entries.stream().map(CacheEntry::key).toList());
        for (int i = 0; i < 300; i++) {
            asked.add(Keys.next());
        }
        assertThat(repository.findAll(asked)).containsExactlyInAnyOrderElementsOf(entries);
    }

    @Test
    void listIsNewestFirstAndItsPagesMeet() {
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
    void oneValueIsListedAndForgottenAlone() {
        E kept = newEntry();
        repository.put(kept);
        String value = newValue();
        List<E> entries = List.of(entry(Keys.next(), value), entry(Keys.next(), value));
        entries.forEach(repository::put);
        assertThat(repository.list(Cursor.START, 500, value)).containsExactlyInAnyOrderElementsOf(entries);
        assertThat(repository.removeAll(value)).isEqualTo(2);
        assertThat(repository.list(Cursor.START, 500, value)).isEmpty();
        assertThat(repository.removeAll(value)).isZero();
        assertThat(repository.find(kept.key())).isPresent();
    }

    @Test
    void allAreForgottenHoweverMany() {
        repository.removeAll(null);
        newEntries(2100);
        assertThat(repository.count()).isEqualTo(2100);
        assertThat(repository.removeAll(null)).isEqualTo(2100);
        assertThat(repository.count()).isZero();
    }

    @Test
    void onlyLiveEntriesAreCounted() {
        repository.removeAll(null);
        newEntries(3);
        clock.advance(TTL);
        newEntries(2);
        assertThat(repository.count()).isEqualTo(2);
    }

    @Test
    void pruneTakesExpiredRowsAloneAndNoMoreThanItMay() {
        repository.removeAll(null);
        newEntries(5);
        clock.advance(TTL);
        List<E> live = newEntries(2);
        assertThat(repository.pruneExpired(0, 3)).hasSize(3);
        assertThat(repository.pruneExpired(0, 3)).hasSize(2);
        assertThat(repository.pruneExpired(0, 3)).isEmpty();
        assertThat(repository.count()).isEqualTo(2);
        assertThat(repository.find(live.getFirst().key())).isPresent();
        assertThat(repository.removeAll(null)).isEqualTo(2);
    }

    @Test
    void manyWritersOfOneKeyMakeOneNewEntry() throws Exception {
        E entry = newEntry();
        List<Boolean> created = atOnce(8, () -> repository.put(entry).created());
        assertThat(created).filteredOn((one) -> one).hasSize(1);
        assertThat(repository.find(entry.key())).contains(entry);
    }

    @Test
    void prunesThatMeetDoNoHarm() throws Exception {
        repository.removeAll(null);
        newEntries(1500);
        clock.advance(TTL);
        List<E> live = newEntries(300);
        List<Integer> pruned = atOnce(4, () -> prune(50));
        assertThat(pruned.stream().mapToInt(Integer::intValue).sum()).isEqualTo(1500);
        assertThat(repository.findAll(live.stream().map(CacheEntry::key).toList())).hasSize(300);
        assertThat(repository.removeAll(null)).isEqualTo(300);
    }

    @Test
    void entryRenewedWhilePrunesRunIsKept() throws Exception {
        repository.removeAll(null);
        List<E> old = newEntries(600);
        clock.advance(TTL);
        List<E> renewed = old.stream().map((entry) -> entry(entry.key(), newValue())).toList();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Integer> prune = executor.submit(() -> prune(20));
            renewed.forEach(repository::put);
            prune.get();
        }
        assertThat(repository.findAll(renewed.stream().map(CacheEntry::key).toList())).hasSize(600);
    }

    @Test
    void pruneTakesTheOldestAndBeginsWhereItIsTold() {
        repository.removeAll(null);
        List<Long> created = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            created.add(clock.millis());
            newEntries(1);
            clock.advance(Duration.ofSeconds(1));
        }
        clock.advance(TTL);
        assertThat(repository.pruneExpired(created.get(1), 2)).containsExactlyInAnyOrder(created.get(1),
                created.get(2));
        assertThat(repository.pruneExpired(created.get(2), 9)).containsExactlyInAnyOrder(created.get(3),
                created.get(4));
        assertThat(repository.pruneExpired(Long.MIN_VALUE, 9)).containsExactly(created.getFirst());
    }

    private int prune(int limit) {
        int total = 0;
        int rows;
        do {
            rows = repository.pruneExpired(0, limit).size();
            total += rows;
        }
        while (rows == limit);
        return total;
    }

    private List<E> page(Cursor after, int limit) {
        return repository.list(after, limit, null);
    }

    private E newEntry() {
        return entry(Keys.next(), newValue());
    }

    private List<E> newEntries(int number) {
        List<E> entries = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            E entry = newEntry();
            repository.put(entry);
            entries.add(entry);
        }
        return entries;
    }

    private static <T> List<T> atOnce(int number, Callable<T> call) throws Exception {
        List<T> results = new ArrayList<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(number)) {
            List<Callable<T>> calls = new ArrayList<>();
            for (int i = 0; i < number; i++) {
                calls.add(call);
            }
            for (Future<T> future : executor.invokeAll(calls)) {
                results.add(future.get());
            }
        }
        return results;
    }

}
