package dev.dejavu.savings;

import java.util.List;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.Cache;

/**
 * Counts what this instance has added to the ledger since its start.
 */
@Component
class LedgerMetrics {

    private final MeterRegistry registry;

    LedgerMetrics(MeterRegistry registry, List<Cache<?>> caches) {
        this.registry = registry;
        caches.forEach((cache) -> add(cache.name(), Amounts.NONE));
    }

    void add(List<LedgerRow> rows) {
        rows.forEach((row) -> add(row.key().cache(), row.amounts()));
    }

    private void add(String cache, Amounts amounts) {
        seconds(cache, false).increment(amounts.savedSeconds() - amounts.estimatedSeconds());
        seconds(cache, true).increment(amounts.estimatedSeconds());
        bytes(cache, false).increment(amounts.savedBytes() - amounts.estimatedBytes());
        bytes(cache, true).increment(amounts.estimatedBytes());
        Counter.builder("dejavu.spent.seconds")
            .description("What asking cost, as clients report it")
            .tag("cache", cache)
            .register(registry)
            .increment(amounts.spentSeconds());
    }

    private Counter seconds(String cache, boolean estimated) {
        return Counter.builder("dejavu.saved.seconds")
            .description("What hits saved")
            .tag("cache", cache)
            .tag("estimated", String.valueOf(estimated))
            .register(registry);
    }

    private Counter bytes(String cache, boolean estimated) {
        return Counter.builder("dejavu.saved.bytes")
            .description("What hits saved from being moved")
            .tag("cache", cache)
            .tag("estimated", String.valueOf(estimated))
            .register(registry);
    }

}
