package dev.dejavu.metrics;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

import dev.dejavu.cache.Cache;
import dev.dejavu.cache.Caller;
import dev.dejavu.cache.Callers;
import dev.dejavu.cache.Count;

/**
 * The statistics of this instance.
 */
@RestController
public class StatsController {

    private final List<Cache<?>> caches;

    private final CacheMetrics metrics;

    private final Callers callers;

    StatsController(List<Cache<?>> caches, CacheMetrics metrics, Callers callers) {
        this.callers = callers;
        this.caches = caches;
        this.metrics = metrics;
    }

    @GetMapping(path = "/stats", produces = MediaType.APPLICATION_JSON_VALUE)
    public Map<String, Stats> stats() {
        return stats(Cache::countReadable);
    }

    /**
     * Begins to count the entries.
     * @return when, for {@link #statsSince}
     */
    public long beginCounts() {
        long begin = System.nanoTime();
        caches.forEach((cache) -> cache.countReadable(begin, Duration.ZERO));
        return begin;
    }

    /**
     * The statistics for those who would rather have an old number of entries than wait.
     * @param begin of the counts
     * @param patience how long to wait for all of them
     */
    public Map<String, Stats> statsSince(long begin, Duration patience) {
        long end = System.nanoTime() + patience.toNanos();
        return stats((cache) -> cache.countReadable(begin, Duration.ofNanos(Math.max(0, end - System.nanoTime()))));
    }

    private Map<String, Stats> stats(Function<Cache<?>, Count> counter) {
        return caches.stream().collect(Collectors.toMap(Cache::name, (cache) -> stats(cache, counter.apply(cache))));
    }

    private Stats stats(Cache<?> cache, Count count) {
        Caller caller = callers.current();
        if (!caller.reading().isAll() || !caller.overlay().isEmpty()) {
            return Stats.of(count, null);
        }
        CacheMetrics.Counters counters = metrics.countersOf(cache.name());
        return Stats.of(count, counters);
    }

    /**
     * The statistics of one cache. Who may read some entries alone gets their number
     * alone.
     *
     * @param entries live in the database that all instances share; {@code null} while
     * that counts many for the first time
     * @param countedAt when they were: a large number is kept for a while
     * @param hits keys found, since this instance's start
     * @param misses keys not found, likewise
     * @param writes entries stored, likewise
     * @param pruned expired rows deleted, likewise
     */
    public record Stats(@Nullable Long entries, @Nullable Instant countedAt, @Nullable Long hits, @Nullable Long misses,
            @Nullable Long writes, @Nullable Long pruned) {

        static Stats of(Count count, CacheMetrics.@Nullable Counters counters) {
            if (counters == null) {
                return new Stats(count.entries(), count.countedAt(), null, null, null, null);
            }
            return new Stats(count.entries(), count.countedAt(), (long) counters.hits().count(),
                    (long) counters.misses().count(), (long) counters.writes().count(),
                    (long) counters.pruned().count());
        }

    }

}
