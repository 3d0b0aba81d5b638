package dev.dejavu.cache;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.util.function.SingletonSupplier;

/**
 * Tells the observers what happens at a repository.
 */
record ObservedRepository<E extends CacheEntry>(CacheRepository<E> repository,
        SingletonSupplier<List<CacheObserver>> observers) implements DelegatingRepository<E> {

    @Override
    public Optional<E> find(CacheKey key) {
        Optional<E> entry = repository.find(key);
        tell((observer) -> observer.onLookup(name(), entry.isPresent()));
        return entry;
    }

    @Override
    public List<E> findAll(Collection<CacheKey> keys) {
        List<E> entries = repository.findAll(keys);
        tell((observer) -> observer.onLookups(name(), entries.size(), keys.size() - entries.size()));
        return entries;
    }

    @Override
    public Optional<E> resolve(E asked) {
        Optional<E> entry = repository.resolve(asked);
        tell((observer) -> observer.onLookup(name(), entry.isPresent()));
        return entry;
    }

    @Override
    public PutResult<E> put(E entry) {
        PutResult<E> stored = repository.put(entry);
        tell((observer) -> observer.onWrite(name()));
        return stored;
    }

    @Override
    public List<Long> pruneExpired(long from, int limit) {
        List<Long> rows = repository.pruneExpired(from, limit);
        tell((observer) -> observer.onPrune(name(), rows.size()));
        return rows;
    }

    private void tell(Consumer<CacheObserver> event) {
        observers.obtain().forEach(event);
    }

    @Component
    @Order(4)
    static class Layer implements RepositoryLayer {

        // Late, because observers may ask for repositories themselves.
        private final SingletonSupplier<List<CacheObserver>> observers;

        Layer(ObjectProvider<CacheObserver> observers) {
            this.observers = SingletonSupplier.of(() -> observers.orderedStream().toList());
        }

        @Override
        public <E extends CacheEntry> CacheRepository<E> around(CacheRepository<E> repository) {
            return new ObservedRepository<>(repository, observers);
        }

    }

}
