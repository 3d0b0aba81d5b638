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
import dev.dejavu.cache.DelegatingRepository;
import dev.dejavu.cache.PutResult;
import dev.dejavu.cache.RegistryEvent;

/**
 * Keeps what it finds. An entry that is kept is given only while it is live, no change of
 * its key has begun since it was read, and the changes that others make are told.
 */
final class NearCacheRepository<E extends CacheEntry> implements DelegatingRepository<E> {

    private final CacheRepository<E> repository;

    private final ChangeFeed changes;

    private final Versions versions = new Versions();

    private final Cache<CacheKey, NearCacheEntry<E>> kept;

    NearCacheRepository(CacheRepository<E> repository, ChangeFeed changes, long size) {
        this.repository = repository;
        this.changes = changes;
        this.kept = Caffeine.newBuilder()
            .maximumWeight(size)
            .weigher((CacheKey key, NearCacheEntry<E> entry) -> entry.weight())
            .executor(Runnable::run)
            .build();
    }

    @Override
    public CacheRepository<E> repository() {
        return repository;
    }

    /**
     * What is kept of a key and may be given.
     */
    @Nullable NearCacheEntry<E> near(CacheKey key) {
        // Asked first: what was told until now is then seen in the version.
        if (!changes.isCurrent()) {
            return null;
        }
        NearCacheEntry<E> near = kept.getIfPresent(key);
        return (near != null && versions.isCurrent(key, near.version()) && isLive(near.entry())) ? near : null;
    }

    private boolean isLive(E entry) {
        return entry.createdAt().toEpochMilli() > timeToLive().cutoff();
    }

    @Override
    public Optional<E> find(CacheKey key) {
        NearCacheEntry<E> near = near(key);
        if (near != null) {
            return Optional.of(near.entry());
        }
        int version = versions.of(key);
        Optional<E> found = repository.find(key);
        found.ifPresent((entry) -> keep(entry, version));
        return found;
    }

    @Override
    public List<E> findAll(Collection<CacheKey> keys) {
        List<E> found = new ArrayList<>(keys.size());
        Map<CacheKey, Integer> others = new HashMap<>();
        for (CacheKey key : keys) {
            NearCacheEntry<E> near = near(key);
            if (near != null) {
                found.add(near.entry());
            }
            else {
                others.put(key, versions.of(key));
            }
        }
        if (!others.isEmpty()) {
            for (E entry : repository.findAll(others.keySet())) {
                keep(entry, others.getOrDefault(entry.key(), Versions.NONE));
                found.add(entry);
            }
        }
        return found;
    }

    private void keep(E entry, int version) {
        if (version != Versions.NONE) {
            kept.put(entry.key(), new NearCacheEntry<>(entry, version));
        }
    }

    @Override
    public PutResult<E> put(E entry) {
        return changing(entry.key(), () -> repository.put(entry));
    }

    @Override
    public boolean replace(E seen, E anew) {
        return changing(seen.key(), () -> repository.replace(seen, anew));
    }

    @Override
    public List<CacheKey> invalidate(RegistryEvent event) {
        try {
            List<CacheKey> doubted = repository.invalidate(event);
            changed(doubted);
            return doubted;
        }
        catch (RuntimeException ex) {
            // Some of them may be doubted.
            onReset();
            throw ex;
        }
    }

    @Override
    public boolean removeIfUnchanged(E entry) {
        return changing(entry.key(), () -> repository.removeIfUnchanged(entry));
    }

    @Override
    public void remove(CacheKey key) {
        changing(key, () -> {
            repository.remove(key);
            return true;
        });
    }

    private <T> T changing(CacheKey key, Supplier<T> change) {
        versions.begin(key);
        try {
            return change.get();
        }
        finally {
            versions.end(key);
        }
    }

    @Override
    public int removeAll(@Nullable String value) {
        versions.beginAll();
        try {
            return repository.removeAll(value);
        }
        finally {
            versions.endAll();
            kept.invalidateAll();
        }
    }

    /** These keys were changed. */
    void changed(List<CacheKey> keys) {
        for (CacheKey key : keys) {
            versions.begin(key);
            versions.end(key);
            kept.invalidate(key);
        }
    }

    /** Others may have changed anything. */
    void onReset() {
        versions.beginAll();
        versions.endAll();
        kept.invalidateAll();
    }

}
