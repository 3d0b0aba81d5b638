package dev.dejavu.nearcache;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheTable;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.VerifiableRepository;

/**
 * A near cache of entries that a registry can confirm.
 *
 * @param <E> the entry
 */
final class NearVerifiableRepository<E extends VerifiableEntry> extends NearCacheRepository<E>
        implements VerifiableRepository<E> {

    private final VerifiableRepository<E> repository;

    <T extends CacheTable<E> & VerifiableRepository<E>> NearVerifiableRepository(T table, ChangeFeed changes,
            AnswerChecks checks, NearCacheProperties properties) {
        super(table, changes, checks, properties);
        this.repository = table;
    }

    @Override
    public boolean replace(E expected, E update) {
        return invalidating(expected.key(), () -> repository.replace(expected, update));
    }

    @Override
    public boolean removeIfUnchanged(E expected) {
        return invalidating(expected.key(), () -> repository.removeIfUnchanged(expected));
    }

    @Override
    public List<E> findConfirmed(E entry, Instant after) {
        return repository.findConfirmed(entry, after);
    }

    @Override
    public void invalidate(CacheKey key, long number) {
        invalidating(key, () -> {
            repository.invalidate(key, number);
            return true;
        });
    }

    @Override
    public List<E> findByRepository(String name, @Nullable String tag, int limit) {
        return repository.findByRepository(name, tag, limit);
    }

}
