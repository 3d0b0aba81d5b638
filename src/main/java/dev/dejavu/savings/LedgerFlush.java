package dev.dejavu.savings;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.UUID;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;

/**
 * Adds to the database what the counters have, every ten seconds and at the end. A part
 * that fails, or whose commit got no answer, is sent again under its number until it is
 * added; meanwhile nothing else is taken.
 */
@Component
class LedgerFlush implements SmartLifecycle {

    /** What {@code kill -9} loses. */
    private static final Duration INTERVAL = Duration.ofSeconds(10);

    /** Rows of one transaction, so that none is long. */
    private static final int MAX_ROWS = 200;

    private static final Logger log = LoggerFactory.getLogger(LedgerFlush.class);

    private static final int LAST_ATTEMPTS = 3;

    private final String source = UUID.randomUUID().toString();

    private final LedgerCounters counters;

    private final CostEstimates estimates;

    private final LedgerRepository repository;

    private final LedgerMetrics metrics;

    private final Deque<List<LedgerRow>> pending = new ArrayDeque<>();

    /** Of the first part that is pending. */
    private long number = 1;

    private boolean failed;

    private volatile @Nullable Thread thread;

    LedgerFlush(LedgerCounters counters, CostEstimates estimates, LedgerRepository repository, LedgerMetrics metrics) {
        this.counters = counters;
        this.estimates = estimates;
        this.repository = repository;
        this.metrics = metrics;
    }

    /**
     * Flushes.
     * @return whether nothing is left that was there before
     */
    synchronized boolean flush() {
        try {
            flushPending();
            takeAll();
            flushPending();
            failed = false;
            return true;
        }
        catch (DataAccessException | TransactionException ex) {
            if (!failed) {
                log.warn("Could not add to the savings, which are kept until the database answers: {}", ex.toString());
            }
            failed = true;
            return false;
        }
    }

    private void takeAll() {
        List<LedgerRow> rows = counters.take();
        for (int from = 0; from < rows.size(); from += MAX_ROWS) {
            pending.add(rows.subList(from, Math.min(from + MAX_ROWS, rows.size())));
        }
    }

    private void flushPending() {
        while (!pending.isEmpty()) {
            List<LedgerRow> rows = pending.getFirst().stream().map(estimates::estimate).toList();
            repository.add(source, number, rows);
            pending.removeFirst();
            number++;
            metrics.add(rows);
        }
    }

    /** A platform thread: SQLite's native code would pin a carrier. */
    @Override
    public void start() {
        Thread started = Thread.ofPlatform().daemon().name("savings").unstarted(this::run);
        thread = started;
        started.start();
    }

    private void run() {
        while (thread == Thread.currentThread()) {
            try {
                Thread.sleep(INTERVAL);
                flush();
            }
            catch (InterruptedException ex) {
                return;
            }
            catch (RuntimeException ex) {
                log.error("Could not flush the savings", ex);
            }
        }
    }

    @Override
    public void stop() {
        Thread running = thread;
        thread = null;
        if (running != null) {
            running.interrupt();
            // Another writer may be in the way, for longer than one attempt waits.
            int attempts = 1;
            while (!flush() && attempts < LAST_ATTEMPTS) {
                attempts++;
            }
        }
    }

    @Override
    public boolean isRunning() {
        return thread != null;
    }

    /** Ends after the web server and before the database. */
    @Override
    public int getPhase() {
        return 1;
    }

}
