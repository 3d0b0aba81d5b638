package dev.dejavu.nearcache;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheEntry;

/**
 * Reads one of a thousand hits of the near caches again from the database, behind the
 * answer. A hit that differs was wrong if the near cache still serves it after the change
 * must have arrived; it is counted, and dropped.
 */
@Component
class AnswerChecks implements MeterBinder, DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(AnswerChecks.class);

    private static final double SHARE = 0.001;

    /** More than the second that the feed of changes may be behind. */
    private static final Duration LAG = Duration.ofMillis(1500);

    /** So many at once; while the database does not answer there are more. */
    private static final int MAX_PENDING = 100;

    private final RandomGenerator random;

    private final Semaphore pending = new Semaphore(MAX_PENDING);

    private final LongAdder wrong = new LongAdder();

    private final LongAdder checked = new LongAdder();

    /** A platform thread: SQLite's native code would pin a carrier. */
    private final ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1,
            Thread.ofPlatform().daemon().name("answer-checks").factory());

    AnswerChecks(RandomGenerator random) {
        this.random = random;
        this.executor.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
        this.executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /** Checks a hit, now and then. */
    <E extends CacheEntry> void sample(NearCacheRepository<E> nearCache, NearCacheEntry<E> hit) {
        if (random.nextDouble() < SHARE && pending.tryAcquire()) {
            executor.execute(() -> check(nearCache, hit));
        }
    }

    private <E extends CacheEntry> void check(NearCacheRepository<E> nearCache, NearCacheEntry<E> hit) {
        try {
            Optional<E> stored = nearCache.findInTable(hit.read().key());
            if (stored.isEmpty() || !stored.get().equals(hit.read())) {
                var _ = executor.schedule(() -> checkAgain(nearCache, hit), LAG.toMillis(), TimeUnit.MILLISECONDS);
                return;
            }
            checked.increment();
        }
        catch (DataAccessException ex) {
            log.debug("A hit was not compared with the database", ex);
        }
        pending.release();
    }

    private <E extends CacheEntry> void checkAgain(NearCacheRepository<E> nearCache, NearCacheEntry<E> hit) {
        pending.release();
        checked.increment();
        if (nearCache.isServing(hit)) {
            wrong.increment();
            log.error("Wrong answer: the near cache had {} as it was before its last change; dropped it",
                    hit.read().key());
            nearCache.drop(hit);
        }
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        FunctionCounter.builder("dejavu.wrong.answers", wrong, LongAdder::sum)
            .description("Hits of a near cache that the database contradicts, of those that were compared")
            .register(registry);
        FunctionCounter.builder("dejavu.compared.answers", checked, LongAdder::sum)
            .description("Hits of a near cache that were compared with the database, one of a thousand")
            .register(registry);
    }

    @Override
    public void destroy() {
        executor.shutdownNow();
    }

}
