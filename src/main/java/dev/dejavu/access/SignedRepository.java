package dev.dejavu.access;

import java.util.Collection;
import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.util.function.SingletonSupplier;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheRepository;
import dev.dejavu.cache.Cursor;
import dev.dejavu.cache.DelegatingRepository;
import dev.dejavu.cache.PutResult;
import dev.dejavu.cache.RepositoryLayer;

/**
 * Signs what is written with the name of the caller, shows the signature to
 * administrators only, and keeps the trail.
 */
record SignedRepository<E extends CacheEntry>(CacheRepository<E> repository,
        SingletonSupplier<Audit> audit) implements DelegatingRepository<E> {

    @Override
    public Optional<E> find(CacheKey key) {
        return repository.find(key).map(this::shown);
    }

    @Override
    public List<E> findAll(Collection<CacheKey> keys) {
        return repository.findAll(keys).stream().map(this::shown).toList();
    }

    @Override
    public PutResult<E> put(E entry) {
        PutResult<E> stored = repository.put(signed(entry, Caller.current().name()));
        audit.obtain().written(name(), stored);
        return new PutResult<>(shown(stored.entry()), stored.created(), stored.previousValue());
    }

    @Override
    public Optional<E> resolve(E asked) {
        return repository.resolve(signed(asked, Caller.current().name())).map(this::shown);
    }

    @Override
    public void remove(CacheKey key) {
        repository.remove(key);
        audit.obtain().removed(name(), key);
    }

    @Override
    public int removeAll(@Nullable String value) {
        int rows = repository.removeAll(value);
        audit.obtain().removedAll(name(), value, rows);
        return rows;
    }

    @Override
    public List<E> list(Cursor after, int limit, @Nullable String value) {
        return repository.list(after, limit, value).stream().map(this::shown).toList();
    }

    private E shown(E entry) {
        return (entry.writtenBy() == null || Caller.current().administers()) ? entry : signed(entry, null);
    }

    // An entry with another signature is an entry of the same class.
    @SuppressWarnings("unchecked")
    private static <E extends CacheEntry> E signed(E entry, @Nullable String name) {
        return (E) entry.withWrittenBy(name);
    }

    @Component
    @Order(5)
    static class Layer implements RepositoryLayer {

        private final SingletonSupplier<Audit> audit;

        Layer(ObjectProvider<Audit> audit) {
            this.audit = SingletonSupplier.of(audit::getObject);
        }

        @Override
        public <E extends CacheEntry> CacheRepository<E> around(CacheRepository<E> repository) {
            return new SignedRepository<>(repository, audit);
        }

    }

}
