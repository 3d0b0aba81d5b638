package dev.dejavu.cache;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;

/**
 * The front of a cache. An entry is found in its repository, verified, observed, and
 * loses its author unless the caller may see it. A caller with an overlay reads that
 * before the base, and changes that alone.
 *
 * @param <E> the entry
 */
public final class Cache<E extends CacheEntry> implements Prunable, AutoCloseable {

    /** How long a caller waits for the end of a removal. */
    public static final Duration REMOVAL_PATIENCE = Duration.ofSeconds(10);

    private final CacheTable<E> table;

    private final CacheRepository<E> repository;

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

    /** Finds an entry for a caller without a value of the key. */
    public Optional<E> find(CacheKey key) {
        return find(key, false);
    }

    /**
     * Finds an entry for a caller.
     * @param isConfirmation whether the caller has a value of the key already
     */
    public Optional<E> find(CacheKey key, boolean isConfirmation) {
        return found(key, orStale(key, () -> findVerified(key, true)), isConfirmation);
    }

    /**
     * Reads an entry for a page about it: nothing is verified, and no observer counts a
     * lookup.
     */
    public Optional<E> inspect(CacheKey key) {
        Caller caller = callers.current();
        return readable(key, caller).findFirst()
            .map((entry) -> withVisibleAuthor(verifier.markStale(List.of(entry)).getFirst(), caller));
    }

    /** The entry of a key, then that of the base behind it, each as it is needed. */
    private Stream<E> readable(CacheKey key, Caller caller) {
        return Stream.of(key, key.inBase())
            .distinct()
            .flatMap((one) -> repository.find(one).filter(caller::mayRead).stream());
    }

    /**
     * Has an entry checked now, if anything can, and waits a moment for the result.
     * @return whether it was asked for
     */
    public boolean check(CacheKey key) {
        return readable(key, callers.current()).findFirst().filter(verifier::check).isPresent();
    }

    /** Finds an entry as {@link #find} does, if it is confirmed by more than a client. */
    public Optional<E> findConfirmed(CacheKey key, boolean isConfirmation) {
        return found(key, confirmed(key), isConfirmation);
    }

    /** Finds an entry as {@link #findConfirmed} does; only a hit counts. */
    public Optional<E> findConfirmedAgain(CacheKey key) {
        Optional<E> entry = confirmed(key);
        return entry.isPresent() ? found(key, entry, false) : entry;
    }

    private Optional<E> confirmed(CacheKey key) {
        return readable(key, callers.current()).flatMap((entry) -> verifier.confirmAll(List.of(entry)).stream())
            .findFirst();
    }

    /**
     * Finds an entry as {@link #find} does, for a caller that has been asking: only a hit
     * counts, and no miss is taken from memory.
     */
    public Optional<E> findAgain(CacheKey key) {
        Optional<E> entry = orStale(key, () -> findVerified(key, false));
        return entry.isPresent() ? found(key, entry, false) : entry;
    }

    /**
     * While the database does not answer, a stale entry is better than none (RFC 5861).
     */
    private Optional<E> orStale(CacheKey key, Supplier<Optional<E>> search) {
        try {
            return search.get();
        }
        catch (DataAccessException ex) {
            Optional<E> stale = findStale(key, callers.current());
            if (stale.isEmpty()) {
                throw ex;
            }
            return stale;
        }
    }

    private Optional<E> findStale(CacheKey key, Caller caller) {
        Optional<E> entry = repository.findStale(key)
            .filter(caller::mayRead)
            .filter(verifier::mayServeStale)
            .map(CacheEntry::stale);
        // What is not known not to be in the overlay may hide that of the base.
        return (entry.isPresent() || key.isInBase() || !repository.isStaleMiss(key)) ? entry
                : findStale(key.inBase(), caller);
    }

    private Optional<E> found(CacheKey key, Optional<E> entry, boolean isConfirmation) {
        Lookup lookup = new Lookup(name(), callers.current(), entry.stream().toList(),
                entry.isPresent() ? List.of() : List.of(key), isConfirmation);
        observers.publish((observer) -> observer.onLookup(lookup));
        return entry.map(this::withVisibleAuthor);
    }

    private Optional<E> findVerified(CacheKey key, boolean believesMisses) {
        Caller caller = callers.current();
        Optional<E> entry = (believesMisses && repository.isKnownMiss(key)) ? Optional.empty()
                : repository.find(key).filter(caller::mayRead).flatMap(verifier::verify).filter(caller::mayRead);
        return (entry.isPresent() || key.isInBase()) ? entry : findVerified(key.inBase(), believesMisses);
    }

    /**
     * Finds an entry as {@link #find} does, when that needs nothing but memory.
     * @return {@code null} when it needs more, which says nothing of the entry
     */
    public @Nullable NearHit<E> findInMemory(CacheKey key, boolean isConfirmation) {
        Caller caller = callers.current();
        NearHit<E> hit = findInMemory(key, caller);
        if (hit != null) {
            Lookup lookup = new Lookup(name(), caller, List.of(hit.entry()), List.of(), isConfirmation);
            observers.publish((observer) -> observer.onLookup(lookup));
        }
        return hit;
    }

    private @Nullable NearHit<E> findInMemory(CacheKey key, Caller caller) {
        NearHit<E> hit = repository.findInMemory(key);
        return (hit == null || verifier.mustVerify(hit.entry()) || !isVisibleAsItIs(hit.entry(), caller)) ? null
                : hit.servedAs(verifier.serve(hit.entry()));
    }

    /**
     * Finds many at once. While the database does not answer, it finds all or fails.
     * @return what was found, in the order of the keys
     */
    public List<Hit<E>> findAll(Collection<CacheKey> keys) {
        Caller caller = callers.current();
        Map<CacheKey, Hit<E>> found = HashMap.newHashMap(keys.size());
        List<CacheKey> others = new ArrayList<>();
        for (CacheKey key : keys) {
            NearHit<E> hit = findInMemory(key, caller);
            if (hit != null) {
                found.put(key, hit);
            }
            else {
                others.add(key);
            }
        }
        try {
            found.putAll(findAll(others, caller, true, verifier::verifyAll));
        }
        catch (DataAccessException ex) {
            for (CacheKey key : others) {
                found.put(key, Hit.of(withVisibleAuthor(findStale(key, caller).orElseThrow(() -> ex), caller)));
            }
        }
        return found(keys, found, caller);
    }

    /** As {@link #findAll}, of those that are confirmed by more than a client. */
    public List<Hit<E>> findAllConfirmed(Collection<CacheKey> keys) {
        Caller caller = callers.current();
        return found(keys, findAll(keys, caller, false, verifier::confirmAll), caller);
    }

    private Map<CacheKey, Hit<E>> findAll(Collection<CacheKey> keys, Caller caller, boolean believesMisses,
            UnaryOperator<List<E>> verification) {
        Set<CacheKey> withBase = keys.stream()
            .flatMap((key) -> Stream.of(key, key.inBase()))
            .distinct()
            .filter((key) -> !(believesMisses && repository.isKnownMiss(key)))
            .collect(Collectors.toSet());
        if (withBase.isEmpty()) {
            return Map.of();
        }
        List<E> readable = repository.findAll(withBase).stream().filter(caller::mayRead).toList();
        Map<CacheKey, E> found = verification.apply(readable)
            .stream()
            .filter(caller::mayRead)
            .collect(Collectors.toMap(CacheEntry::key, Function.identity()));
        Map<CacheKey, Hit<E>> hits = new HashMap<>();
        for (CacheKey key : keys) {
            E entry = found.getOrDefault(key, found.get(key.inBase()));
            if (entry != null) {
                hits.put(key, Hit.of(withVisibleAuthor(entry, caller)));
            }
        }
        return hits;
    }

    private List<Hit<E>> found(Collection<CacheKey> keys, Map<CacheKey, Hit<E>> found, Caller caller) {
        List<Hit<E>> hits = new ArrayList<>(keys.size());
        List<CacheKey> misses = new ArrayList<>();
        for (CacheKey key : keys) {
            Hit<E> hit = found.get(key);
            if (hit != null) {
                hits.add(hit);
            }
            else {
                misses.add(key);
            }
        }
        Lookup lookup = new Lookup(name(), caller, hits.stream().map(Hit::entry).toList(), misses, false);
        observers.publish((observer) -> observer.onLookup(lookup));
        return hits;
    }

    /**
     * Finds an entry, or lets the verifier find out whether it is true.
     * @param requested the entry to store if it is
     */
    public Optional<E> resolve(E requested) {
        require(callers.current().mayRead(requested));
        return found(requested.key(),
                orStale(requested.key(),
                        () -> findVerified(requested.key(), false)
                            .or(() -> verifier.resolve(CacheEntry.writtenBy(requested, callers.current().name())))
                            .filter(callers.current()::mayRead)),
                false);
    }

    /** What to answer for a key that was not found. */
    public ProblemException notFound(CacheKey key) {
        return callers.current().reading().isAll() ? verifier.notFound(key) : ProblemException.miss();
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
        return new PutResult<>(withVisibleAuthor(result.entry()), result.created(), result.previousValue(),
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
                        ? withVisibleAuthor(verifier.markStale(List.of(current)).getFirst(), caller) : null);
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
        readable(key, caller).findFirst().ifPresent((entry) -> {
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
        return verifier.markStale(readable).stream().map((entry) -> withVisibleAuthor(entry, caller)).toList();
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
            .map((entries) -> entries.stream().map((entry) -> withVisibleAuthor(entry, caller)).toList());
    }

    /**
     * How many entries of the base are live. That is exact, unless they are so many that
     * they are not counted for each question.
     */
    public Count count() {
        return total.get((parts) -> true, LiveCount.PATIENCE);
    }

    /** How many of them the caller may read. */
    public Count countReadable() {
        return countReadable(LiveCount.PATIENCE);
    }

    /**
     * The same for those who would rather have an old number than wait.
     * @param patience how long to wait for a new one
     */
    public Count countReadable(Duration patience) {
        Grant reading = callers.current().reading();
        return reading.isAll() ? total.get((parts) -> true, patience) : byParts.get(reading::covers, patience);
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

    private E withVisibleAuthor(E entry) {
        return withVisibleAuthor(entry, callers.current());
    }

    private E withVisibleAuthor(E entry, Caller caller) {
        return (entry.writtenBy() == null || caller.seesAll()) ? entry : CacheEntry.writtenBy(entry, null);
    }

    /** Whether a caller may see an entry, and nothing else of it than others. */
    private boolean isVisibleAsItIs(E entry, Caller caller) {
        return caller.mayRead(entry) && (entry.writtenBy() == null || !caller.seesAll());
    }

}
