package dev.dejavu.history;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Caller;
import dev.dejavu.cache.Lookup;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.PlainEntry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

class ServingsTests {

    private static final long MINUTE = Duration.ofMinutes(1).toMillis();

    private final LongAdder dropped = new LongAdder();

    private final Servings servings = new Servings(dropped, 3);

    @Test
    void hitsOfOneMinuteAreOneRecord() {
        CacheEntry entry = new Entry(Keys.next(), "a");
        servings.add(lookup("ada", entry), 10 * MINUTE + 1);
        servings.add(lookup("ada", entry), 11 * MINUTE - 1);
        servings.add(lookup(null, entry), 10 * MINUTE);
        assertThat(servings.take(10)).extracting((row) -> row.key().identity(), ServedRow::firstAt, ServedRow::times)
            .containsExactly(tuple("ada", 10 * MINUTE, 1L), tuple("anyone", 10 * MINUTE, 1L));
        servings.add(lookup("ada", entry), 11 * MINUTE - 1);
        assertThat(servings.take(10)).isEmpty();
    }

    @Test
    void minutesThatCouldNotBeWrittenAreAdded() {
        CacheEntry entry = new Entry(Keys.next(), "a");
        servings.add(lookup("ada", entry), 10 * MINUTE);
        List<ServedRow> taken = servings.take(10);
        servings.forget(12 * MINUTE);
        servings.add(lookup("ada", entry), 12 * MINUTE);
        servings.restore(taken);
        assertThat(servings.take(10)).singleElement().satisfies((row) -> {
            assertThat(row.firstAt()).isEqualTo(10 * MINUTE);
            assertThat(row.lastAt()).isEqualTo(12 * MINUTE);
            assertThat(row.times()).isEqualTo(2);
        });
    }

    @Test
    void memoryIsBoundedAndWhatExceedsItIsCounted() {
        for (int i = 0; i < 5; i++) {
            servings.add(lookup("ada", new Entry(Keys.next(), "a")), MINUTE);
        }
        assertThat(servings.take(10)).hasSize(3);
        assertThat(dropped.sum()).isEqualTo(2);
        servings.forget(2 * MINUTE);
        servings.add(lookup("ada", new Entry(Keys.next(), "a")), 2 * MINUTE);
        assertThat(servings.take(10)).hasSize(1);
    }

    /** Of what is promised, 300 ns, a busy machine may take more. */
    @Test
    void secondHitOfAMinuteCostsLittle() {
        Lookup lookup = lookup("ada", new Entry(Keys.next(), "ghcr.io/acme/my-app:v1.0"));
        int hits = 200_000;
        long best = Long.MAX_VALUE;
        for (int round = 0; round < 20; round++) {
            long begin = System.nanoTime();
            for (int i = 0; i < hits; i++) {
                servings.add(lookup, MINUTE + i % 1000);
            }
            best = Math.min(best, System.nanoTime() - begin);
        }
        assertThat(best / hits).isLessThan(300);
    }

    private static Lookup lookup(@Nullable String name, CacheEntry entry) {
        return new Lookup("images", new Caller(name, "", false, false), List.of(entry), List.of(), false);
    }

    private record Entry(CacheKey key, String value) implements PlainEntry {
    }

}
