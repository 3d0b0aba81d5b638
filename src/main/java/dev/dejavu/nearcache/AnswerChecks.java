package dev.dejavu.nearcache;

import java.time.Duration;
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

import dev.dejavu.cache.CacheKey;

/**
 * Reads one of a thousand answers of the near caches again from the database, behind the
 * answer. One that differs was wrong if the near cache still gives it after the change
 * must have arrived; it is counted, and dropped. Its thread also reads keys that a change
 * has taken out of memory.
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

    private final Semaphore pendingReads = new Semaphore(MAX_PENDING);

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

    /** Checks an answer, now and then. */
    void sample(NearCacheRepository<?> nearCache, CacheKey key, NearRead answer) {
        if (random.nextDouble() < SHARE && pending.tryAcquire()) {
            executor.execute(() -> check(nearCache, key, answer));
        }
    }

    /** Reads keys into memory before anyone asks again, unless there are too many. */
    void readBehindAnswers(Runnable read, Duration delay) {
        if (pendingReads.tryAcquire()) {
            var _ = executor.schedule(() -> {
                try {
                    read.run();
                }
                catch (DataAccessException ex) {
                    log.debug("Keys were not read again", ex);
                }
                finally {
                    pendingReads.release();
                }
            }, delay.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void check(NearCacheRepository<?> nearCache, CacheKey key, NearRead answer) {
        try {
            if (!answer.isOf(nearCache.findInTable(key))) {
                var _ = executor.schedule(() -> checkAgain(nearCache, key, answer), LAG.toMillis(),
                        TimeUnit.MILLISECONDS);
                return;
            }
            checked.increment();
        }
        catch (DataAccessException ex) {
            log.debug("An answer was not compared with the database", ex);
        }
        pending.release();
    }

    private void checkAgain(NearCacheRepository<?> nearCache, CacheKey key, NearRead answer) {
        pending.release();
        checked.increment();
        if (nearCache.isServing(key, answer)) {
            wrong.increment();
            log.error("Wrong answer: the near cache had {} as it was before its last change; dropped it", key);
            nearCache.drop(key, answer);
        }
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        FunctionCounter.builder("dejavu.wrong.answers", wrong, LongAdder::sum)
            .description("Answers of a near cache that the database contradicts, of those that were compared")
            .register(registry);
        FunctionCounter.builder("dejavu.compared.answers", checked, LongAdder::sum)
            .description("Answers of a near cache that were compared with the database, one of a thousand")
            .register(registry);
    }

    @Override
    public void destroy() {
        executor.shutdownNow();
    }

}
