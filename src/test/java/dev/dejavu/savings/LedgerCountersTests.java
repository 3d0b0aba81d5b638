package dev.dejavu.savings;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

import com.sun.management.ThreadMXBean;
import org.junit.jupiter.api.Test;

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
                        counters.add(new UsageReport("images", "scope " + j % 7, 2, 1, 0.5));
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
        assertThat(taken).isEqualTo(new Amounts(0, 0, 0, 0, 0, 0, 0, count * 0.5, count, 2L * count, count));
        assertThat(counters.take()).isEmpty();
    }

    @Test
    void beyondTheBoundWhatIsNewCountsWithoutItsScope() {
        for (int i = 0; i < LedgerCounters.MAX_KEYS + 500; i++) {
            counters.add(new UsageReport("images", "scope " + i, 1, 0, 1));
        }
        counters.add(new UsageReport("images", "scope 7", 1, 0, 1));
        List<LedgerRow> rows = counters.take();
        assertThat(rows).hasSize(LedgerCounters.MAX_KEYS + 1).isSortedAccordingTo((a, b) -> a.key().compareTo(b.key()));
        assertThat(rows.getFirst().key().scope()).isEmpty();
        assertThat(rows.getFirst().amounts().reports()).isEqualTo(500);
        assertThat(counters.take()).isEmpty();
        counters.add(new UsageReport("images", "another", 1, 0, 1));
        assertThat(counters.take()).hasSize(1).allMatch((row) -> row.key().scope().equals("another"));
    }

    @Test
    void hitAllocatesLittle() {
        UsageReport report = new UsageReport("images", "dns:///example.union.ai:proj:dev", 1, 1, 0.1);
        for (int i = 0; i < 20_000; i++) {
            counters.add(report);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 10_000; i++) {
            counters.add(report);
        }
        assertThat((threads.getCurrentThreadAllocatedBytes() - before) / 10_000).isLessThan(100);
    }

    private Amounts all() {
        return counters.take().stream().map(LedgerRow::amounts).reduce(Amounts.NONE, Amounts::plus);
    }

}
