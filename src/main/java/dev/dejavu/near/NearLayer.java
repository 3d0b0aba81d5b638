package dev.dejavu.near;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheRepository;
import dev.dejavu.cache.ChangeObserver;
import dev.dejavu.cache.Changes;
import dev.dejavu.cache.RepositoryLayer;

/**
 * Puts a near cache around every repository, and passes on to it what others change.
 */
@Component
@Order(2)
class NearLayer implements RepositoryLayer, ChangeObserver {

    private final Changes changes;

    private final NearProperties properties;

    private final Map<String, NearRepository<?>> repositories = new ConcurrentHashMap<>();

    NearLayer(Changes changes, NearProperties properties) {
        this.changes = changes;
        this.properties = properties;
    }

    @Override
    public <E extends CacheEntry> CacheRepository<E> around(CacheRepository<E> repository) {
        if (properties.size().toBytes() == 0) {
            return repository;
        }
        NearRepository<E> near = new NearRepository<>(repository, changes, properties.size().toBytes());
        repositories.put(near.name(), near);
        return near;
    }

    /** By the names of their caches. */
    Map<String, NearRepository<?>> repositories() {
        return repositories;
    }

    @Override
    public void changed(String cache, List<CacheKey> keys) {
        NearRepository<?> repository = repositories.get(cache);
        if (repository != null) {
            repository.changed(keys);
        }
    }

    @Override
    public void allChanged() {
        repositories.values().forEach(NearRepository::allChanged);
    }

}
