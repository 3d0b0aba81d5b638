package dev.dejavu.nearcache;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheRepository;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.PutCondition;
import dev.dejavu.cache.PutResult;
import dev.dejavu.cache.TimeToLive;

/**
 * Keeps in memory what it finds. An entry is served from there only while it is live, no
 * change of its key has begun since it was read, and the feed of others' changes is
 * current.
 *
 * @param <E> the entry
 */
class NearCacheRepository<E extends CacheEntry> implements CacheRepository<E> {

    private final CacheRepository<E> repository;

    private final TimeToLive timeToLive;

    private final ChangeFeed changes;

    private final Versions versions = new Versions();

    private final Cache<CacheKey, NearCacheEntry<E>> entries;

    /**
     * A near cache.
     * @param maxSize bytes of heap
     */
    NearCacheRepository(CacheRepository<E> repository, TimeToLive timeToLive, ChangeFeed changes, long maxSize) {
        this.repository = repository;
        this.timeToLive = timeToLive;
        this.changes = changes;
        this.entries = Caffeine.newBuilder()
            .maximumWeight(maxSize)
            .weigher((CacheKey key, NearCacheEntry<E> entry) -> entry.weight())
            .executor(Runnable::run)
            .build();
    }

    @Override
    public @Nullable NearCacheEntry<E> findInMemory(CacheKey key) {
        // The feed first: a change that it has brought is then seen in the version.
        if (!changes.isCurrent()) {
            return null;
        }
        NearCacheEntry<E> near = entries.getIfPresent(key);
        return (near != null && versions.isCurrent(key, near.version()) && isLive(near.entry())) ? near : null;
    }

    private boolean isLive(E entry) {
        return entry.createdAt().toEpochMilli() > timeToLive.cutoff(entry.key());
    }

    @Override
    public Optional<E> find(CacheKey key) {
        NearCacheEntry<E> near = findInMemory(key);
        if (near != null) {
            return Optional.of(near.entry());
        }
        int version = versions.of(key);
        Optional<E> found = repository.find(key);
        found.ifPresent((entry) -> store(entry, version));
        return found;
    }

    @Override
    public List<E> findAll(Collection<CacheKey> keys) {
        List<E> found = new ArrayList<>(keys.size());
        Map<CacheKey, Integer> others = new HashMap<>();
        for (CacheKey key : keys) {
            NearCacheEntry<E> near = findInMemory(key);
            if (near != null) {
                found.add(near.entry());
            }
            else {
                others.put(key, versions.of(key));
            }
        }
        if (!others.isEmpty()) {
            for (E entry : repository.findAll(others.keySet())) {
                store(entry, others.getOrDefault(entry.key(), Versions.NONE));
                found.add(entry);
            }
        }
        return found;
    }

    private void store(E entry, int version) {
        if (version != Versions.NONE) {
            entries.put(entry.key(), new NearCacheEntry<>(entry, version));
        }
    }

    @Override
    public PutResult<E> put(E entry) {
        return invalidating(entry.key(), () -> repository.put(entry));
    }

    @Override
    public PutResult<E> putIf(E entry, PutCondition<E> condition) {
        return invalidating(entry.key(), () -> repository.putIf(entry, condition));
    }

    @Override
    public void remove(CacheKey key) {
        invalidating(key, () -> {
            repository.remove(key);
            return true;
        });
    }

    /** Makes a change, during and after which no earlier read is current. */
    protected final <T> T invalidating(CacheKey key, Supplier<T> change) {
        versions.begin(key);
        try {
            return change.get();
        }
        finally {
            versions.end(key);
        }
    }

    @Override
    public int removeAll(@Nullable String value, @Nullable String overlay) {
        versions.beginAll();
        try {
            return repository.removeAll(value, overlay);
        }
        finally {
            versions.endAll();
            entries.invalidateAll();
        }
    }

    /** Invalidates keys that others changed. */
    final void invalidateKeys(List<CacheKey> keys) {
        for (CacheKey key : keys) {
            versions.begin(key);
            versions.end(key);
            entries.invalidate(key);
        }
    }

    /** Invalidates everything, as others may have changed anything. */
    final void invalidateAll() {
        versions.beginAll();
        versions.endAll();
        entries.invalidateAll();
    }

}
