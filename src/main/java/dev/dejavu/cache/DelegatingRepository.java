package dev.dejavu.cache;

import java.util.Collection;
import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

/**
 * A repository that does some things in its own way and leaves the rest to another one.
 */
public interface DelegatingRepository<E extends CacheEntry> extends CacheRepository<E> {

    /** The other one. */
    CacheRepository<E> repository();

    @Override
    default String name() {
        return repository().name();
    }

    @Override
    default TimeToLive timeToLive() {
        return repository().timeToLive();
    }

    @Override
    default CacheKey key(String text) {
        return repository().key(text);
    }

    @Override
    default Optional<E> find(CacheKey key) {
        return repository().find(key);
    }

    @Override
    default List<E> findAll(Collection<CacheKey> keys) {
        return repository().findAll(keys);
    }

    @Override
    default PutResult<E> put(E entry) {
        return repository().put(entry);
    }

    @Override
    default void remove(CacheKey key) {
        repository().remove(key);
    }

    @Override
    default boolean replace(E seen, E anew) {
        return repository().replace(seen, anew);
    }

    @Override
    default List<CacheKey> invalidate(RegistryEvent event) {
        return repository().invalidate(event);
    }

    @Override
    default boolean removeIfUnchanged(E entry) {
        return repository().removeIfUnchanged(entry);
    }

    @Override
    default Optional<E> resolve(E asked) {
        return repository().resolve(asked);
    }

    @Override
    default ProblemException notFound(CacheKey key) {
        return repository().notFound(key);
    }

    @Override
    default int removeAll(@Nullable String value) {
        return repository().removeAll(value);
    }

    @Override
    default List<E> list(Cursor after, int limit, @Nullable String value) {
        return repository().list(after, limit, value);
    }

    @Override
    default long count() {
        return repository().count();
    }

    @Override
    default List<Long> pruneExpired(long from, int limit) {
        return repository().pruneExpired(from, limit);
    }

}
