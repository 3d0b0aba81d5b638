package dev.dejavu.history;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.stereotype.Component;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

import dev.dejavu.cache.Lookup;

/**
 * Writes records in batches, some seconds after they were made. While the database takes
 * none, as when it is away, read-only or full, it keeps them as long as there is room.
 */
@Component
class HistoryWriter implements SmartLifecycle, MeterBinder {

    private static final Logger log = LoggerFactory.getLogger(HistoryWriter.class);

    private static final Duration INTERVAL = Duration.ofSeconds(15);

    /** Of those who read, in all. */
    private static final long PATIENCE = Duration.ofMillis(500).toNanos();

    private static final int MAX_WAITING = MemoryBound.of(20_000, 1000);

    /** Of one transaction, which writes of entries may have to wait for. */
    private static final int BATCH_SIZE = 256;

    private final HistoryRepository repository;

    private final Clock clock;

    private final BlockingQueue<EventRow> events = new ArrayBlockingQueue<>(MAX_WAITING);

    private final BlockingQueue<RegistryEventRow> registryEvents = new ArrayBlockingQueue<>(MAX_WAITING);

    private final LongAdder dropped = new LongAdder();

    private final LongAdder written = new LongAdder();

    private final Servings servings = new Servings(dropped);

    private final ReentrantLock writing = new ReentrantLock();

    /** What is to be written before anything else, by {@link #writing}. */
    private Batch failed = Batch.EMPTY;

    /** Whether the last write failed, by {@link #writing}. */
    private boolean isFailing;

    private volatile @Nullable Thread thread;

    HistoryWriter(HistoryRepository repository, Clock clock) {
        this.repository = repository;
        this.clock = clock;
    }

    void add(EventRow event) {
        add(events, event);
    }

    void add(RegistryEventRow event) {
        add(registryEvents, event);
    }

    private <T> void add(BlockingQueue<T> queue, T row) {
        if (!queue.offer(row)) {
            dropped.increment();
        }
        if (queue.size() == MAX_WAITING / 4) {
            LockSupport.unpark(thread);
        }
    }

    void add(Lookup lookup) {
        servings.add(lookup, clock.millis());
    }

    /** How many records were dropped since the start. */
    long dropped() {
        return dropped.sum();
    }

    /**
     * Writes what was recorded until now.
     * @throws DataAccessException when the database takes none; nothing is lost
     */
    void flush() {
        writing.lock();
        try {
            flushFor(Long.MAX_VALUE);
        }
        finally {
            writing.unlock();
        }
    }

    /**
     * Writes what was recorded until now, as far as that is done in half a second:
     * whoever reads waits neither for all that others recorded nor for a database that
     * takes no writes.
     */
    void flushBriefly() {
        long begin = System.nanoTime();
        try {
            if (writing.tryLock(PATIENCE, TimeUnit.NANOSECONDS)) {
                try {
                    flushFor(PATIENCE - (System.nanoTime() - begin));
                }
                finally {
                    writing.unlock();
                }
            }
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
        catch (DataAccessException ex) {
            log.debug("The history is written later", ex);
        }
    }

    private void flushFor(long nanos) {
        long begin = System.nanoTime();
        servings.forget(clock.millis());
        int most = events.size() + registryEvents.size() + servings.size() + failed.size();
        for (int rows = 0; rows < most && System.nanoTime() - begin < nanos;) {
            int size = flushSome();
            if (size == 0) {
                break;
            }
            rows += size;
        }
    }

    private int flushSome() {
        Batch batch = (failed.size() > 0) ? failed : next();
        failed = Batch.EMPTY;
        if (batch.size() > 0) {
            write(batch);
        }
        return batch.size();
    }

    private Batch next() {
        List<EventRow> some = new ArrayList<>();
        events.drainTo(some, BATCH_SIZE);
        List<RegistryEventRow> registry = new ArrayList<>();
        registryEvents.drainTo(registry, BATCH_SIZE - some.size());
        return new Batch(some, registry, servings.take(BATCH_SIZE - some.size() - registry.size()));
    }

    private void write(Batch batch) {
        try {
            repository.add(batch.events(), batch.registryEvents(), batch.served());
            written.add(batch.size());
            isFailing = false;
        }
        catch (RuntimeException ex) {
            boolean isWrong = ex instanceof DataIntegrityViolationException || !(ex instanceof DataAccessException);
            if (!isFailing) {
                isFailing = true;
                log.warn("Records of the history cannot be written and are {}: {}",
                        isWrong ? "dropped" : "kept while there is room", ex.toString());
            }
            if (!isWrong) {
                servings.restore(batch.served());
                failed = new Batch(batch.events(), batch.registryEvents(), List.of());
                throw ex;
            }
            // It would fail again.
            dropped.add(batch.size());
        }
    }

    @Override
    public void start() {
        thread = Thread.ofVirtual().name("history").start(this::run);
    }

    private void run() {
        while (thread == Thread.currentThread()) {
            LockSupport.parkNanos(INTERVAL.toNanos());
            tryFlush();
        }
    }

    private void tryFlush() {
        try {
            flush();
        }
        catch (DataAccessException ex) {
            log.debug("The history is written later", ex);
        }
    }

    /** While the group commit still runs. */
    @Override
    public void stop() {
        Thread running = thread;
        thread = null;
        LockSupport.unpark(running);
        tryFlush();
    }

    @Override
    public boolean isRunning() {
        return thread != null;
    }

    /** After the group commit, which has 0. */
    @Override
    public int getPhase() {
        return 1;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        FunctionCounter.builder("dejavu.history.written", written, LongAdder::sum)
            .description("Records of the history that were written")
            .register(registry);
        FunctionCounter.builder("dejavu.history.dropped", dropped, LongAdder::sum)
            .description("Records of the history for which there was no room in memory")
            .register(registry);
        Gauge
            .builder("dejavu.history.waiting", this,
                    (writer) -> writer.events.size() + writer.registryEvents.size() + writer.servings.size())
            .description("Records of the history that wait to be written")
            .register(registry);
    }

    /**
     * Rows of one transaction.
     */
    private record Batch(List<EventRow> events, List<RegistryEventRow> registryEvents, List<ServedRow> served) {

        static final Batch EMPTY = new Batch(List.of(), List.of(), List.of());

        int size() {
            return events.size() + registryEvents.size() + served.size();
        }

    }

}
