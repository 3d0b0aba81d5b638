package dev.dejavu.nearcache;

import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Keys;

import static org.assertj.core.api.Assertions.assertThat;

class KeyFilterTests {

    private static final int CAPACITY = 1 << 14;

    private final KeyFilter filter = new KeyFilter(CAPACITY);

    @Test
    void emptyFilterHasNoKey() {
        assertThat(keys(100)).noneMatch(filter::mayHave);
    }

    @Test
    void filterHasEachKeyThatWasAddedByWhateverThread() {
        List<CacheKey> keys = keys(2 * CAPACITY);
        keys.parallelStream().forEach(filter::add);
        assertThat(keys).allMatch(filter::mayHave);
    }

    @Test
    void keyInAnOverlayIsAnotherKey() {
        List<CacheKey> keys = keys(100);
        keys.forEach(filter::add);
        assertThat(keys).filteredOn((key) -> filter.mayHave(key.in("team/a"))).hasSizeLessThan(10);
    }

    /** One of thirty, as it says, and some for chance. */
    @Test
    void fewOtherKeysPassForOneOfAHalfFullFilter() {
        keys(CAPACITY / 2).forEach(filter::add);
        assertThat(filter.size()).isBetween(CAPACITY * 4L / 10, CAPACITY / 2L);
        assertThat(keys(10_000)).filteredOn(filter::mayHave).hasSizeLessThan(450);
    }

    @Test
    void capacityFitsIntoItsBytes() {
        for (long bytes : new long[] { 8, 100, 1 << 20 }) {
            assertThat(new KeyFilter(KeyFilter.capacityOf(bytes)).bytes()).isBetween(bytes / 2, bytes);
        }
        assertThat(new KeyFilter(KeyFilter.capacityOf(0)).bytes()).isEqualTo(Long.BYTES);
        assertThat(KeyFilter.capacityOf(1 << 27)).isEqualTo(1 << 28);
        assertThat(KeyFilter.capacityOf(Long.MAX_VALUE)).isEqualTo(1 << 29);
    }

    private static List<CacheKey> keys(int number) {
        return Stream.generate(Keys::next).limit(number).toList();
    }

}
