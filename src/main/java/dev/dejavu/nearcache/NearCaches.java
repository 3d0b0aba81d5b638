package dev.dejavu.nearcache;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheRepository;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.ChangeListener;
import dev.dejavu.cache.RepositoryLayer;

/**
 * Puts a near cache around every repository, and passes on to it what others change.
 */
@Component
@Order(2)
class NearCaches implements RepositoryLayer, ChangeListener {

    private final ChangeFeed changes;

    private final NearCacheProperties properties;

    private final Map<String, NearCacheRepository<?>> repositories = new ConcurrentHashMap<>();

    NearCaches(ChangeFeed changes, NearCacheProperties properties) {
        this.changes = changes;
        this.properties = properties;
    }

    @Override
    public <E extends CacheEntry> CacheRepository<E> around(CacheRepository<E> repository) {
        if (properties.bytes() == 0) {
            return repository;
        }
        NearCacheRepository<E> near = new NearCacheRepository<>(repository, changes, properties.bytes());
        repositories.put(near.name(), near);
        return near;
    }

    /**
     * What is kept of a key and may be given.
     */
    @Nullable NearCacheEntry<?> near(String cache, CacheKey key) {
        NearCacheRepository<?> repository = repositories.get(cache);
        return (repository != null) ? repository.near(key) : null;
    }

    @Override
    public void onChange(String cache, List<CacheKey> keys) {
        NearCacheRepository<?> repository = repositories.get(cache);
        if (repository != null) {
            repository.changed(keys);
        }
    }

    @Override
    public void onReset() {
        repositories.values().forEach(NearCacheRepository::onReset);
    }

}
