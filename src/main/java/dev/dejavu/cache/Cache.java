package dev.dejavu.cache;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

/**
 * The front of a cache. An entry is found in its repository, verified, observed, and
 * loses its author unless the caller may see it.
 *
 * @param <E> the entry
 */
public final class Cache<E extends CacheEntry> implements Prunable {

    private final CacheTable<E> table;

    private final CacheRepository<E> repository;

    private final Verifier<E> verifier;

    private final CacheObservers observers;

    private final Callers callers;

    private Cache(CacheTable<E> table, CacheRepository<E> repository, Verifier<E> verifier, CacheObservers observers,
            Callers callers) {
        this.table = table;
        this.repository = repository;
        this.verifier = verifier;
        this.observers = observers;
        this.callers = callers;
    }

    /**
     * Puts a cache together.
     * @param table for lists, counts and prunes, which no near cache can answer
     * @param repository for keys: the table, or a near cache in front of it
     * @param verifier makes the verifier, which reads and writes the same repository
     */
    public static <E extends CacheEntry, R extends CacheRepository<E>> Cache<E> of(CacheTable<E> table, R repository,
            Function<R, Verifier<E>> verifier, CacheObservers observers, Callers callers) {
        return new Cache<>(table, repository, verifier.apply(repository), observers, callers);
    }

    @Override
    public String name() {
        return table.name();
    }

    public TimeToLive timeToLive() {
        return table.timeToLive();
    }

    /**
     * Reads a key of this cache.
     * @throws ProblemException {@link Problem#MALFORMED_KEY}
     */
    public CacheKey key(String text) {
        return table.key(text);
    }

    public Optional<E> find(CacheKey key) {
        Optional<E> entry = repository.find(key).flatMap(verifier::verify);
        observers.publish((observer) -> observer.onLookup(name(), entry.isPresent()));
        return entry.map(this::withVisibleAuthor);
    }

    /**
     * Finds an entry as {@link #find} does, when that needs nothing but memory.
     * @return {@code null} when it needs more, which says nothing of the entry
     */
    public @Nullable NearHit<E> findInMemory(CacheKey key) {
        NearHit<E> hit = repository.findInMemory(key);
        if (hit == null || !verifier.isFresh(hit.entry()) || hasVisibleAuthor(hit.entry())) {
            return null;
        }
        observers.publish((observer) -> observer.onLookup(name(), true));
        return hit;
    }

    /**
     * Finds many at once.
     * @return the entries found, in any order
     */
    public List<E> findAll(Collection<CacheKey> keys) {
        List<E> entries = verifier.verifyAll(repository.findAll(keys));
        observers.publish((observer) -> observer.onLookups(name(), entries.size(), keys.size() - entries.size()));
        return entries.stream().map(this::withVisibleAuthor).toList();
    }

    /**
     * Finds an entry, or lets the verifier find out whether it is true.
     * @param requested the entry to store if it is
     */
    public Optional<E> resolve(E requested) {
        Optional<E> entry = repository.find(requested.key())
            .flatMap(verifier::verify)
            .or(() -> verifier.resolve(writtenBy(requested, callers.name())));
        observers.publish((observer) -> observer.onLookup(name(), entry.isPresent()));
        return entry.map(this::withVisibleAuthor);
    }

    /** What to answer for a key that was not found. */
    public ProblemException notFound(CacheKey key) {
        return verifier.notFound(key);
    }

    /** Stores an entry in the caller's name, in place of the one that has its key. */
    public PutResult<E> put(E entry) {
        PutResult<E> result;
        try {
            result = repository.put(writtenBy(entry, callers.name()));
        }
        finally {
            verifier.onPut(entry.key());
        }
        observers.publish((observer) -> observer.onWrite(name(), result));
        return new PutResult<>(withVisibleAuthor(result.entry()), result.created(), result.previousValue());
    }

    public void remove(CacheKey key) {
        repository.remove(key);
        observers.publish((observer) -> observer.onRemove(name(), key));
    }

    /**
     * Removes all entries, or those of one value.
     * @param value as for {@link CacheRepository#removeAll}
     * @return how many rows were deleted
     */
    public int removeAll(@Nullable String value) {
        int rows = repository.removeAll(value);
        observers.publish((observer) -> observer.onRemoveAll(name(), value, rows));
        return rows;
    }

    /**
     * A page, newest first.
     * @param value as for {@link CacheRepository#removeAll}
     */
    public List<E> list(Cursor after, int limit, @Nullable String value) {
        return table.list(after, limit, value)
            .stream()
            .map(verifier::markIfStale)
            .map(this::withVisibleAuthor)
            .toList();
    }

    /** How many entries are live. */
    public long count() {
        return table.count();
    }

    @Override
    public List<Long> pruneExpired(long from, int limit) {
        List<Long> rows = table.pruneExpired(from, limit);
        observers.publish((observer) -> observer.onPrune(name(), rows.size()));
        return rows;
    }

    private E withVisibleAuthor(E entry) {
        return (entry.writtenBy() == null || callers.seesAuthors()) ? entry : writtenBy(entry, null);
    }

    private boolean hasVisibleAuthor(E entry) {
        return entry.writtenBy() != null && callers.seesAuthors();
    }

    // The same entry by another author is an entry of the same class.
    @SuppressWarnings("unchecked")
    private static <E extends CacheEntry> E writtenBy(E entry, @Nullable String name) {
        return (E) entry.withWrittenBy(name);
    }

}
