package dev.dejavu.savings;

import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.Cost;

/**
 * The amounts of one key since they were last taken.
 */
final class LedgerCell {

    private final LongAdder hits = new LongAdder();

    private final LongAdder misses = new LongAdder();

    private final LongAdder confirmed = new LongAdder();

    private final LongAdder unpricedHits = new LongAdder();

    private final DoubleAdder savedSeconds = new DoubleAdder();

    private final DoubleAdder savedBytes = new DoubleAdder();

    private final DoubleAdder spentSeconds = new DoubleAdder();

    private final LongAdder reports = new LongAdder();

    private final LongAdder reportedAsked = new LongAdder();

    private final LongAdder reportedHits = new LongAdder();

    private final LongAdder reportedConfirmed = new LongAdder();

    private volatile boolean closed;

    void addHit(@Nullable Cost cost) {
        hits.increment();
        if (cost == null) {
            unpricedHits.increment();
            return;
        }
        savedSeconds.add(cost.seconds());
        Long bytes = cost.bytes();
        if (bytes != null) {
            savedBytes.add(bytes);
        }
    }

    void addConfirmed() {
        hits.increment();
        confirmed.increment();
    }

    void addMisses(int count) {
        misses.add(count);
    }

    void addReport(UsageReport report) {
        reports.increment();
        reportedAsked.add(report.asked());
        reportedHits.add(report.hits());
        reportedConfirmed.add(report.confirmed());
        spentSeconds.add(report.seconds());
    }

    void add(Amounts amounts) {
        hits.add(amounts.hits());
        misses.add(amounts.misses());
        confirmed.add(amounts.confirmed());
        unpricedHits.add(amounts.unpricedHits());
        savedSeconds.add(amounts.savedSeconds());
        savedBytes.add(amounts.savedBytes());
        spentSeconds.add(amounts.spentSeconds());
        reports.add(amounts.reports());
        reportedAsked.add(amounts.reportedAsked());
        reportedHits.add(amounts.reportedHits());
        reportedConfirmed.add(amounts.reportedConfirmed());
    }

    /** Nobody takes from it any more, but who adds to it and sees that. */
    void close() {
        closed = true;
    }

    boolean isClosed() {
        return closed;
    }

    /** Takes all; what is added meanwhile is in this or in the next. */
    Amounts take() {
        return new Amounts(hits.sumThenReset(), misses.sumThenReset(), confirmed.sumThenReset(),
                unpricedHits.sumThenReset(), savedSeconds.sumThenReset(), 0, savedBytes.sumThenReset(), 0,
                spentSeconds.sumThenReset(), reports.sumThenReset(), reportedAsked.sumThenReset(),
                reportedHits.sumThenReset(), reportedConfirmed.sumThenReset());
    }

}
