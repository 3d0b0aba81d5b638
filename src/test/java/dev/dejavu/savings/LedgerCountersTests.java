package dev.dejavu.savings;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

import com.sun.management.ThreadMXBean;
import org.junit.jupiter.api.Test;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Caller;
import dev.dejavu.cache.Cost;
import dev.dejavu.cache.KeyParts;
import dev.dejavu.cache.Lookup;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.PlainEntry;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.SettableClock;

import static org.assertj.core.api.Assertions.assertThat;

class LedgerCountersTests {

    private final LedgerCounters counters = new LedgerCounters(new SettableClock());

    @Test
    void whatIsAddedWhileOthersTakeIsTakenOnce() throws Exception {
        int threads = 4;
        int reports = 20_000;
        Amounts taken = Amounts.NONE;
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            for (int i = 0; i < threads; i++) {
                executor.execute(() -> {
                    for (int j = 0; j < reports; j++) {
                        counters.add(new UsageReport("images", "scope " + j % 7, 2, 1, 0, 0.5));
                    }
                });
            }
            executor.shutdown();
            while (!executor.awaitTermination(1, TimeUnit.MILLISECONDS)) {
                taken = taken.plus(all());
            }
        }
        taken = taken.plus(all());
        int count = threads * reports;
        assertThat(taken).isEqualTo(new Amounts(0, 0, 0, 0, 0, 0, 0, 0, count * 0.5, count, 2L * count, count, 0));
        assertThat(counters.take()).isEmpty();
    }

    @Test
    void beyondTheBoundWhatIsNewCountsWithoutItsScope() {
        for (int i = 0; i < LedgerCounters.MAX_KEYS + 500; i++) {
            hit(Keys.next(), "scope " + i);
        }
        hit(Keys.next(), "scope 7");
        List<LedgerRow> rows = counters.take();
        assertThat(rows).hasSize(LedgerCounters.MAX_KEYS + 1).isSortedAccordingTo((a, b) -> a.key().compareTo(b.key()));
        assertThat(rows.getFirst().key().scope()).isEmpty();
        assertThat(rows.getFirst().amounts().hits()).isEqualTo(500);
        assertThat(counters.take()).isEmpty();
        hit(Keys.next(), "another");
        assertThat(counters.take()).hasSize(1).allMatch((row) -> row.key().scope().equals("another"));
    }

    @Test
    void reportsOfMoreScopesThanATeamHasCountWithoutThem() {
        hit(Keys.next(), "used");
        for (int i = 0; i < LedgerCounters.MAX_REPORTED_SCOPES + 50; i++) {
            counters.add(new UsageReport("images", "scope " + i, 1, 0, 0, 1));
        }
        counters.add(new UsageReport("images", "scope 7", 1, 0, 0, 1));
        List<LedgerRow> rows = counters.take();
        assertThat(rows).hasSize(LedgerCounters.MAX_REPORTED_SCOPES + 2);
        assertThat(rows.getFirst().key().scope()).isEmpty();
        assertThat(rows.getFirst().amounts().reports()).isEqualTo(50);
    }

    @Test
    void hitInAnOverlayNamesNothingAndItsCostIsNotBelieved() {
        hit(Keys.next().in("pr-7"), "secret");
        assertThat(counters.take()).singleElement().satisfies((row) -> {
            assertThat(row.key().scope()).isEmpty();
            assertThat(row.key().repository()).isEmpty();
            assertThat(row.amounts().unpricedHits()).isEqualTo(1);
            assertThat(row.amounts().savedSeconds()).isZero();
        });
    }

    private void hit(CacheKey key, String scope) {
        counters.onLookup(lookup(new Entry(key, new Parts(scope, "ghcr.io/acme/my-app"), new Cost(4.1, 1000L))));
    }

    private static Lookup lookup(Entry entry) {
        return new Lookup("images", new Caller("ada", "", false, false), List.of(entry), List.of(), false);
    }

    @Test
    void hitAllocatesLittle() {
        Lookup lookup = lookup(
                new Entry(Keys.next(), new Parts(Sample.SCOPE, "ghcr.io/acme/my-app"), new Cost(4.1, 1000L)));
        for (int i = 0; i < 20_000; i++) {
            counters.onLookup(lookup);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 10_000; i++) {
            counters.onLookup(lookup);
        }
        assertThat((threads.getCurrentThreadAllocatedBytes() - before) / 10_000).isLessThan(200);
        assertThat(counters.take()).singleElement().satisfies((row) -> {
            assertThat(row.key().repository()).isEqualTo("ghcr.io/acme/my-app");
            assertThat(row.amounts().hits()).isEqualTo(30_000);
            assertThat(row.amounts().savedBytes()).isEqualTo(30_000_000);
        });
    }

    private Amounts all() {
        return counters.take().stream().map(LedgerRow::amounts).reduce(Amounts.NONE, Amounts::plus);
    }

    /**
     * An image.
     */
    private record Entry(CacheKey key, KeyParts parts, Cost cost) implements PlainEntry {

        @Override
        public String value() {
            return "ghcr.io/acme/my-app:v1";
        }

    }

    private record Parts(String scope, String repository) implements KeyParts {
    }

}
