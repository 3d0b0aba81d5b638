package dev.dejavu.cache;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

/**
 * The front of a cache: its lookups, changes and lists. A caller with an overlay changes
 * that alone.
 *
 * @param <E> the entry
 */
public final class Cache<E extends CacheEntry> implements Prunable, AutoCloseable {

    /** How long a caller waits for the end of a removal. */
    public static final Duration REMOVAL_PATIENCE = Duration.ofSeconds(10);

    private final CacheTable<E> table;

    private final CacheRepository<E> repository;

    private final Lookups<E> lookups;

    private final BulkRemovals<E> removals;

    private final LiveCount total;

    private final LiveCount byParts;

    private final Verifier<E> verifier;

    private final CacheObservers observers;

    private final Callers callers;

    private Cache(CacheTable<E> table, CacheRepository<E> repository, Verifier<E> verifier, CacheObservers observers,
            Callers callers) {
        this.table = table;
        this.repository = repository;
        this.lookups = new Lookups<>(table.name(), repository, verifier, observers, callers);
        this.removals = new BulkRemovals<>(repository);
        this.total = new LiveCount(table, false);
        this.byParts = new LiveCount(table, true);
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
     * Reads a key of this cache, in the overlay of the caller.
     * @throws ProblemException {@link Problem#MALFORMED_KEY}
     */
    public CacheKey key(String text) {
        return table.key(text).in(callers.current().overlay());
    }

    public Lookups<E> lookups() {
        return lookups;
    }

    /** Stores an entry in the caller's name, in place of the one that has its key. */
    public PutResult<E> put(E entry) {
        return put(entry, null);
    }

    /**
     * Stores an entry in the caller's name, in place of the one that has its key.
     * @param condition of the caller, about the entry as it sees that
     */
    public PutResult<E> put(E entry, @Nullable PutCondition<E> condition) {
        Caller caller = callers.current();
        require(caller.mayWrite(entry));
        if (entry.parts() == null && !caller.isTrusted()) {
            throw new ProblemException(Problem.PARTS_REQUIRED,
                    "Only an administrator may store an entry without the parts of its key.");
        }
        PutResult<E> result;
        try {
            result = put(CacheEntry.writtenBy(entry, caller.name()), condition, caller);
        }
        finally {
            verifier.onPut(entry.key());
        }
        verifier.onStored(result.entry());
        observers.publish((observer) -> observer.onWrite(name(), result));
        return new PutResult<>(caller.withVisibleAuthor(result.entry()), result.created(), result.previousValue(),
                result.previousAuthor());
    }

    /**
     * Requires that the caller may store an entry.
     * @throws ProblemException {@link Problem#FORBIDDEN}
     */
    public void requireWritable(E entry) {
        require(callers.current().mayWrite(entry));
    }

    private static void require(boolean granted) {
        if (!granted) {
            throw ProblemException.outOfLimits();
        }
    }

    private PutResult<E> put(E entry, @Nullable PutCondition<E> condition, Caller caller) {
        boolean mayReplace = mayReplaceAll(caller) || (condition != null && condition.namesTheEntry());
        if (condition == null && mayReplace) {
            return repository.put(entry);
        }
        return repository.putIf(entry, (current) -> {
            if (condition != null) {
                condition.check((current != null)
                        ? caller.withVisibleAuthor(verifier.markStale(List.of(current)).getFirst()) : null);
            }
            if (!mayReplace && current != null && !current.hasValueOf(entry) && isOfAnother(current, entry.writtenBy())
                    && !verifier.isLost(current)) {
                throw changedByAnother("Another identity stored another value, which If-Match with its ETag replaces.");
            }
        });
    }

    private boolean mayReplaceAll(Caller caller) {
        return caller.isTrusted() || !callers.firstWriteWins();
    }

    private boolean isOfAnother(E entry, @Nullable String name) {
        return entry.writtenBy() != null && !entry.writtenBy().equals(name);
    }

    private static ProblemException changedByAnother(String detail) {
        return new ProblemException(Problem.CHANGED_BY_ANOTHER, detail);
    }

    /**
     * Takes back an entry that the caller may write. One that its registry can confirm is
     * not served before that has; any other is removed.
     * @param reason of the caller, if it gave one
     * @throws ProblemException {@link Problem#CHANGED_BY_ANOTHER}, also where the entry
     * that a caller with an overlay sees is of the base; {@link Problem#FORBIDDEN}
     */
    public void invalidate(CacheKey key, @Nullable String reason) {
        Caller caller = callers.current();
        lookups.readable(key, caller).findFirst().ifPresent((entry) -> {
            if (!entry.key().equals(key)) {
                throw changedByAnother(
                        "The base has it and your overlay does not: you can take back what your overlay has alone.");
            }
            require(caller.mayWrite(entry));
            boolean isRemoved = !verifier.invalidate(entry);
            if (isRemoved) {
                if (!mayReplaceAll(caller) && isOfAnother(entry, caller.name())) {
                    throw changedByAnother("Another identity stored it, so an administrator has to remove it.");
                }
                repository.remove(key);
            }
            observers.publish((observer) -> observer.onInvalidate(name(), entry, isRemoved, reason));
        });
    }

    public void remove(CacheKey key) {
        E entry = repository.find(key).orElse(null);
        repository.remove(key);
        observers.publish((observer) -> observer.onRemove(name(), key, entry));
    }

    /**
     * Removes all entries, or those of one value, in the overlay of the caller; without
     * one, everywhere. What is stored meanwhile may remain.
     * @param value of the entries; {@code null} for any
     * @param patience after which the caller is answered and the rest is removed in the
     * background
     */
    public Removed removeAll(@Nullable String value, Duration patience) {
        String overlay = callers.current().overlay();
        return removeAll(value, overlay.isEmpty() ? null : overlay, patience);
    }

    /** Removes as {@link #removeAll(String, Duration)} does, for ten seconds. */
    public Removed removeAll(@Nullable String value) {
        return removeAll(value, REMOVAL_PATIENCE);
    }

    /** Removes an overlay, as {@link #removeAll} does. */
    public Removed removeOverlay(String overlay, Duration patience) {
        return removeAll(null, overlay, patience);
    }

    private Removed removeAll(@Nullable String value, @Nullable String overlay, Duration patience) {
        String author = callers.current().name();
        Consumer<Removed> tell = (removed) -> {
            total.forget();
            byParts.forget();
            observers.publish((observer) -> observer.onRemoveAll(name(), removed, author));
        };
        return removals.remove(new Selection(value, overlay, timeToLive().now().toEpochMilli()), patience, tell);
    }

    /**
     * Those of some entries that the caller may read, as it sees them on a page about
     * them, in their order.
     */
    public List<E> readable(Collection<E> entries) {
        Caller caller = callers.current();
        List<E> readable = entries.stream().filter(caller::mayRead).toList();
        return verifier.markStale(readable).stream().map(caller::withVisibleAuthor).toList();
    }

    /**
     * A page, newest first, of what the caller sees. It may be short, and even empty, and
     * still have a next one.
     * @param value of the entries; {@code null} for any
     * @param scope of the entries; {@code null} for any
     */
    public Page<E> list(Cursor after, int limit, @Nullable String value, @Nullable String scope) {
        return search(after, limit, Search.of(value, scope), null);
    }

    /**
     * As {@link #list}, of what somebody searches for.
     * @param filter of the entries, those marked that are stale; {@code null} for all
     */
    public Page<E> search(Cursor after, int limit, Search search, @Nullable Predicate<? super E> filter) {
        Caller caller = callers.current();
        return new PageReader<>(table, caller, search, verifier::markStale, filter).read(after, limit)
            .map((entries) -> entries.stream().map(caller::withVisibleAuthor).toList());
    }

    /**
     * How many entries of the base are live. That is exact, unless they are so many that
     * they are not counted for each question.
     */
    public Count count() {
        return total.get((parts) -> true, System.nanoTime(), LiveCount.PATIENCE);
    }

    /** How many of them the caller may read. */
    public Count countReadable() {
        return countReadable(System.nanoTime(), LiveCount.PATIENCE);
    }

    /**
     * The same for those who would rather have an old number than wait.
     * @param asked as {@link System#nanoTime}: a count that began later is new
     * @param patience how long to wait for a new one
     */
    public Count countReadable(long asked, Duration patience) {
        Grant reading = callers.current().reading();
        return reading.isAll() ? total.get((parts) -> true, asked, patience)
                : byParts.get(reading::covers, asked, patience);
    }

    /**
     * The newest costs of the newest thousand entries in the base.
     * @param repository of the entries, in whatever case; {@code null} for any
     * @param limit how many at most
     */
    public List<Cost> newestCosts(@Nullable String repository, int limit) {
        return table.newestCosts(repository, limit);
    }

    @Override
    public List<Long> pruneExpired(long from, int limit) {
        return pruned(table.pruneExpired(from, limit));
    }

    /** The entries of overlays, which expire earlier. */
    public Prunable overlays() {
        return new Prunable() {
            @Override
            public String name() {
                return Cache.this.name() + " of overlays";
            }

            @Override
            public List<Long> pruneExpired(long from, int limit) {
                return pruned(table.pruneExpiredOverlays(from, limit));
            }
        };
    }

    private List<Long> pruned(List<Long> rows) {
        observers.publish((observer) -> observer.onPrune(name(), rows.size()));
        return rows;
    }

    /** Breaks off what runs in the background. */
    @Override
    public void close() {
        removals.stop();
        total.stop();
        byParts.stop();
    }

}
