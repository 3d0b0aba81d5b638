package dev.dejavu.metrics;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheObserver;
import dev.dejavu.cache.Lookup;
import dev.dejavu.cache.PutResult;

/**
 * Counts the events of each cache since the start: {@code dejavu.lookups} by result,
 * {@code dejavu.writes}, {@code dejavu.changed}, {@code dejavu.pruned}; and the live
 * {@code dejavu.entries}, counted at each scrape, unless they are many.
 */
@Component
class CacheMetrics implements CacheObserver {

    private final Map<String, Counters> counters = new LinkedHashMap<>();

    CacheMetrics(List<Cache<?>> caches, MeterRegistry registry) {
        for (Cache<?> cache : caches) {
            counters.put(cache.name(), new Counters(registry, cache.name()));
            Gauge.builder("dejavu.entries", cache, CacheMetrics::entries)
                .description("Live entries; not a number while the database does not answer")
                .tag("cache", cache.name())
                .register(registry);
        }
    }

    /** What a gauge throws, Micrometer logs, for each gauge with its stack trace. */
    private static double entries(Cache<?> cache) {
        try {
            return cache.count().value();
        }
        catch (DataAccessException ex) {
            return Double.NaN;
        }
    }

    @Override
    public void onLookup(Lookup lookup) {
        Counters counted = countersOf(lookup.cache());
        counted.hits.increment(lookup.hits().size());
        counted.misses.increment(lookup.misses().size());
    }

    @Override
    public void onWrite(String cache, PutResult<?> result) {
        countersOf(cache).writes.increment();
        if (result.isChangedByAnother()) {
            countersOf(cache).changed.increment();
        }
    }

    @Override
    public void onPrune(String cache, int rows) {
        countersOf(cache).pruned.increment(rows);
    }

    Counters countersOf(String cache) {
        Counters found = counters.get(cache);
        if (found == null) {
            throw new IllegalArgumentException("No cache " + cache);
        }
        return found;
    }

    /**
     * The counters of one cache.
     */
    record Counters(Counter hits, Counter misses, Counter writes, Counter changed, Counter pruned) {

        Counters(MeterRegistry registry, String cache) {
            this(lookups(registry, cache, "hit"), lookups(registry, cache, "miss"),
                    Counter.builder("dejavu.writes")
                        .description("Entries stored")
                        .tag("cache", cache)
                        .register(registry),
                    Counter.builder("dejavu.changed")
                        .description("Live entries to which another identity gave another value")
                        .tag("cache", cache)
                        .register(registry),
                    Counter.builder("dejavu.pruned")
                        .description("Expired rows deleted")
                        .tag("cache", cache)
                        .register(registry));
        }

        private static Counter lookups(MeterRegistry registry, String cache, String result) {
            return Counter.builder("dejavu.lookups")
                .description("Keys looked up")
                .tag("cache", cache)
                .tag("result", result)
                .register(registry);
        }

    }

}
