package dev.dejavu.cache;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.stereotype.Component;
import org.springframework.util.function.SingletonSupplier;

/**
 * Tells the observers what happens at a repository, so that neither the repository nor
 * its controller has to.
 */
record ObservedRepository<E extends CacheEntry>(CacheRepository<E> repository,
        SingletonSupplier<List<CacheObserver>> observers) implements CacheRepository<E> {

    @Override
    public String name() {
        return repository.name();
    }

    @Override
    public Freshness freshness() {
        return repository.freshness();
    }

    @Override
    public Optional<E> find(CacheKey key) {
        Optional<E> entry = repository.find(key);
        tell((observer) -> observer.found(name(), entry.isPresent()));
        return entry;
    }

    @Override
    public List<E> findAll(Collection<CacheKey> keys) {
        List<E> entries = repository.findAll(keys);
        tell((observer) -> observer.lookedUp(name(), entries.size(), keys.size() - entries.size()));
        return entries;
    }

    @Override
    public Stored<E> put(E entry) {
        Stored<E> stored = repository.put(entry);
        tell((observer) -> observer.written(name()));
        return stored;
    }

    @Override
    public void remove(CacheKey key) {
        repository.remove(key);
    }

    @Override
    public int removeAll(@Nullable String value) {
        return repository.removeAll(value);
    }

    @Override
    public List<E> list(Cursor after, int limit, @Nullable String value) {
        return repository.list(after, limit, value);
    }

    @Override
    public long count() {
        return repository.count();
    }

    @Override
    public int pruneExpired(int limit) {
        int rows = repository.pruneExpired(limit);
        tell((observer) -> observer.pruned(name(), rows));
        return rows;
    }

    private void tell(Consumer<CacheObserver> event) {
        observers.obtain().forEach(event);
    }

    /**
     * Wraps every repository in the context.
     */
    @Component
    static class Wrapper implements BeanPostProcessor {

        // Late, because observers may ask for repositories themselves.
        private final SingletonSupplier<List<CacheObserver>> observers;

        Wrapper(ObjectProvider<CacheObserver> observers) {
            this.observers = SingletonSupplier.of(() -> observers.orderedStream().toList());
        }

        @Override
        public Object postProcessAfterInitialization(Object bean, String name) {
            return (bean instanceof CacheRepository<?> repository) ? new ObservedRepository<>(repository, observers)
                    : bean;
        }

    }

}
