package dev.dejavu.nearcache;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheRepository;
import dev.dejavu.cache.CacheTable;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.ChangeListener;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.VerifiableRepository;

/**
 * Puts near caches in front of tables, and invalidates in them what others change.
 */
@Component
public class NearCaches implements ChangeListener, MeterBinder, DisposableBean {

    private final ChangeFeed changes;

    private final NearCacheProperties properties;

    private final Map<String, NearCacheRepository<?>> nearCaches = new ConcurrentHashMap<>();

    private final AnswerChecks checks;

    NearCaches(ChangeFeed changes, NearCacheProperties properties, AnswerChecks checks) {
        this.checks = checks;
        this.changes = changes;
        this.properties = properties;
    }

    /**
     * A near cache in front of a table, or the table itself where near caches are off.
     */
    public <E extends CacheEntry> CacheRepository<E> of(CacheTable<E> table) {
        return isOff() ? table : register(table, new NearCacheRepository<>(table, changes, checks, properties));
    }

    /** As {@link #of}, of entries that a registry can confirm. */
    public <E extends VerifiableEntry, T extends CacheTable<E> & VerifiableRepository<E>> VerifiableRepository<E> ofVerifiable(
            T table) {
        return isOff() ? table : register(table, new NearVerifiableRepository<E>(table, changes, checks, properties));
    }

    /** The near cache of a cache. */
    NearCacheRepository<?> nearCache(String cache) {
        return Objects.requireNonNull(nearCaches.get(cache));
    }

    private boolean isOff() {
        return properties.bytes() == 0;
    }

    private <N extends NearCacheRepository<?>> N register(CacheTable<?> table, N nearCache) {
        nearCaches.put(table.name(), nearCache);
        return nearCache;
    }

    @Override
    public void onChange(String cache, List<CacheKey> keys) {
        tell(cache, (nearCache) -> nearCache.onChange(keys));
    }

    @Override
    public void onRemoved(String cache, List<CacheKey> keys) {
        tell(cache, (nearCache) -> nearCache.onRemoved(keys));
    }

    private void tell(String cache, Consumer<NearCacheRepository<?>> change) {
        NearCacheRepository<?> nearCache = nearCaches.get(cache);
        if (nearCache != null) {
            change.accept(nearCache);
        }
        else {
            // From a trigger with a name that no cache has: better too much than too
            // little.
            onReset();
        }
    }

    @Override
    public void onInterruption() {
        nearCaches.values().forEach(NearCacheRepository::beginEpoch);
    }

    @Override
    public void onReset() {
        nearCaches.values().forEach(NearCacheRepository::invalidateAll);
    }

    @Override
    public void destroy() {
        nearCaches.values().forEach(NearCacheRepository::close);
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        nearCaches.forEach((cache, nearCache) -> {
            FunctionCounter.builder("dejavu.near.cache.misses", nearCache, NearCacheRepository::misses)
                .description("Keys that the database was asked for")
                .tag("cache", cache)
                .register(registry);
            Gauge.builder("dejavu.near.cache.entries", nearCache, NearCacheRepository::size)
                .description("Keys in memory, with an entry and without")
                .tag("cache", cache)
                .register(registry);
            Gauge.builder("dejavu.near.cache.size", nearCache, NearCacheRepository::weight)
                .description("Heap that these are estimated to need")
                .baseUnit("bytes")
                .tag("cache", cache)
                .register(registry);
        });
    }

}
