package dev.dejavu.cache;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;

/**
 * The answers of a cache to those who know a key. An entry is found in its repository,
 * verified, observed, and loses its author unless the caller may see it. A caller with an
 * overlay reads that before the base.
 *
 * @param <E> the entry
 */
public final class Lookups<E extends CacheEntry> {

    private final String name;

    private final CacheRepository<E> repository;

    private final Verifier<E> verifier;

    private final CacheObservers observers;

    private final Callers callers;

    Lookups(String name, CacheRepository<E> repository, Verifier<E> verifier, CacheObservers observers,
            Callers callers) {
        this.name = name;
        this.repository = repository;
        this.verifier = verifier;
        this.observers = observers;
        this.callers = callers;
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
            .map((entry) -> caller.withVisibleAuthor(verifier.markStale(List.of(entry)).getFirst()));
    }

    /** The entry of a key, then that of the base behind it, each as it is needed. */
    Stream<E> readable(CacheKey key, Caller caller) {
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
        Lookup lookup = new Lookup(name, callers.current(), entry.stream().toList(),
                entry.isPresent() ? List.of() : List.of(key), isConfirmation);
        observers.publish((observer) -> observer.onLookup(lookup));
        return entry.map(callers.current()::withVisibleAuthor);
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
            Lookup lookup = new Lookup(name, caller, List.of(hit.entry()), List.of(), isConfirmation);
            observers.publish((observer) -> observer.onLookup(lookup));
        }
        return hit;
    }

    private @Nullable NearHit<E> findInMemory(CacheKey key, Caller caller) {
        NearHit<E> hit = repository.findInMemory(key);
        return (hit == null || verifier.mustVerify(hit.entry()) || !caller.seesAsOthers(hit.entry())) ? null
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
                found.put(key, Hit.of(caller.withVisibleAuthor(findStale(key, caller).orElseThrow(() -> ex))));
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
                hits.put(key, Hit.of(caller.withVisibleAuthor(entry)));
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
        Lookup lookup = new Lookup(name, caller, hits.stream().map(Hit::entry).toList(), misses, false);
        observers.publish((observer) -> observer.onLookup(lookup));
        return hits;
    }

    /**
     * Finds an entry, or lets the verifier find out whether it is true.
     * @param requested the entry to store if it is
     */
    public Optional<E> resolve(E requested) {
        if (!callers.current().mayRead(requested)) {
            throw ProblemException.outOfLimits();
        }
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

}
