package dev.dejavu.nearcache;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheRepository;
import dev.dejavu.cache.CacheTable;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.PutCondition;
import dev.dejavu.cache.PutResult;
import dev.dejavu.cache.Selection;
import dev.dejavu.cache.TimeToLive;
import dev.dejavu.nearcache.NearRead.Epoch;

/**
 * Keeps in memory what it finds, and which keys there are. Both count only while no
 * change of the key has begun since it was read, and the feed of others' changes is
 * current; an entry also only while it is live. While the database does not answer, there
 * are stale entries for a while.
 *
 * @param <E> the entry
 */
class NearCacheRepository<E extends CacheEntry> implements CacheRepository<E> {

    /** A notification mostly arrives so soon after its change. */
    private static final long NOTIFIED_WITHIN = Duration.ofMillis(500).toNanos();

    /** Most changes are over by then. */
    private static final Duration DURATION_OF_CHANGE = Duration.ofMillis(50);

    /** Of the heap, for each of two filters. */
    private static final int SHARE_OF_KEYS = 16;

    private final CacheRepository<E> repository;

    private final TableKeys keys;

    private final TimeToLive timeToLive;

    private final ChangeFeed changes;

    private final Versions versions = new Versions();

    private final Cache<CacheKey, NearRead> reads;

    private final long staleIfErrorNanos;

    private volatile Epoch epoch = new Epoch();

    private final AnswerChecks checks;

    private final LongAdder misses = new LongAdder();

    NearCacheRepository(CacheTable<E> table, ChangeFeed changes, AnswerChecks checks, NearCacheProperties properties) {
        this.checks = checks;
        this.repository = table;
        this.keys = new TableKeys(table, properties.bytes() / SHARE_OF_KEYS);
        this.timeToLive = table.timeToLive();
        this.changes = changes;
        this.staleIfErrorNanos = properties.staleIfError().toNanos();
        this.reads = Caffeine.newBuilder()
            .maximumWeight(properties.bytes() - 2 * (properties.bytes() / SHARE_OF_KEYS))
            .weigher((CacheKey key, NearRead read) -> read.weight())
            .executor(Runnable::run)
            .build();
    }

    @Override
    public @Nullable NearCacheEntry<E> findInMemory(CacheKey key) {
        NearCacheEntry<E> near = entry(findRead(key));
        if (near == null || !isLive(near.entry())) {
            return null;
        }
        checks.sample(this, key, near);
        return near;
    }

    @Override
    public boolean isKnownMiss(CacheKey key) {
        if (findCurrent(key) instanceof KnownMiss miss) {
            checks.sample(this, key, miss);
            return true;
        }
        return false;
    }

    /** What was read of a key, or what the filter over all keys says. */
    private @Nullable NearRead findCurrent(CacheKey key) {
        NearRead read = findRead(key);
        return (read != null) ? read : findMiss(key);
    }

    private @Nullable NearRead findRead(CacheKey key) {
        // The feed first: a change that it has brought is then seen in the version.
        if (!changes.isCurrent()) {
            return null;
        }
        NearRead read = reads.getIfPresent(key);
        return (read != null && isCurrent(key, read)) ? read : null;
    }

    private @Nullable KnownMiss findMiss(CacheKey key) {
        if (!changes.isCurrent()) {
            return null;
        }
        // During a change its row may be there already.
        int version = versions.of(key);
        KnownMiss miss = (version != Versions.NONE) ? keys.miss(key) : null;
        return (miss != null && miss.epoch() == epoch && versions.isCurrent(key, version)) ? miss : null;
    }

    private boolean isCurrent(CacheKey key, NearRead read) {
        return read.epoch() == epoch && versions.isCurrent(key, read.version());
    }

    // The cache has entries of one class.
    @SuppressWarnings("unchecked")
    private @Nullable NearCacheEntry<E> entry(@Nullable NearRead read) {
        return (read instanceof NearCacheEntry<?> entry) ? (NearCacheEntry<E>) entry : null;
    }

    @Override
    public Optional<E> findStale(CacheKey key) {
        NearCacheEntry<E> near = entry(findServableStale(key));
        return (near != null && isLive(near.entry())) ? Optional.of(near.entry()) : Optional.empty();
    }

    @Override
    public boolean isStaleMiss(CacheKey key) {
        return findServableStale(key) instanceof KnownMiss;
    }

    private @Nullable NearRead findServableStale(CacheKey key) {
        NearRead kept = reads.getIfPresent(key);
        NearRead read = (kept != null) ? kept : keys.miss(key);
        return (read != null && System.nanoTime() - read.currentAsOf(changes) < staleIfErrorNanos) ? read : null;
    }

    private boolean isLive(E entry) {
        return entry.createdAt().toEpochMilli() > timeToLive.cutoff(entry.key());
    }

    @Override
    public Optional<E> find(CacheKey key) {
        NearCacheEntry<E> near = findInMemory(key);
        if (near != null) {
            return Optional.of(near.entry());
        }
        misses.increment();
        Epoch begin = epoch;
        int version = versions.of(key);
        Optional<E> found = repository.find(key);
        if (!store(key, found.orElse(null), version, begin)) {
            readAgain(List.of(key), DURATION_OF_CHANGE);
        }
        return found;
    }

    @Override
    public List<E> findAll(Collection<CacheKey> keys) {
        List<CacheKey> lost = new ArrayList<>();
        List<E> found = findAll(keys, lost);
        readAgain(lost, DURATION_OF_CHANGE);
        return found;
    }

    /**
     * Finds many.
     * @param lost takes the keys with an entry that is not kept
     */
    private List<E> findAll(Collection<CacheKey> keys, List<CacheKey> lost) {
        List<E> found = new ArrayList<>(keys.size());
        Epoch begin = epoch;
        Map<CacheKey, Integer> others = new HashMap<>();
        for (CacheKey key : keys) {
            NearCacheEntry<E> near = findInMemory(key);
            if (near != null) {
                found.add(near.entry());
            }
            else {
                others.put(key, versions.of(key));
            }
        }
        if (!others.isEmpty()) {
            misses.add(others.size());
            for (E entry : repository.findAll(others.keySet())) {
                Integer version = others.remove(entry.key());
                if (!store(entry.key(), entry, (version != null) ? version : Versions.NONE, begin)) {
                    lost.add(entry.key());
                }
                found.add(entry);
            }
            others.forEach((key, version) -> store(key, null, version, begin));
        }
        return found;
    }

    /**
     * Keeps what was read, unless it was changed meanwhile.
     * @return whether an entry is kept; {@code true} for a miss
     */
    private boolean store(CacheKey key, @Nullable E entry, int version, Epoch begin) {
        if (entry != null) {
            // Whoever is told of it asks again perhaps before the feed brings it.
            keys.add(entry.key());
        }
        else if (changes.isCurrent()) {
            keys.readBehindAnswers(epoch);
        }
        if (version != Versions.NONE) {
            NearRead read = (entry != null) ? new NearCacheEntry<>(entry, version, begin)
                    : new KnownMiss(version, begin);
            // One key, not two that are equal.
            reads.put((entry != null) ? entry.key() : key, read);
            if (versions.isCurrent(key, version)) {
                return true;
            }
            // Who changed it meanwhile has dropped what was there before.
            reads.asMap().remove(key, read);
        }
        else if (entry == null) {
            reads.invalidate(key);
        }
        return entry == null;
    }

    /**
     * Reads keys once more that somebody was just told of, and that a change has taken
     * out of memory: an outage right now would find nothing.
     */
    private void readAgain(List<CacheKey> keys, Duration delay) {
        if (!keys.isEmpty() && staleIfErrorNanos > 0) {
            checks.readBehindAnswers(() -> findAll(keys, new ArrayList<>()), delay);
        }
    }

    @Override
    public PutResult<E> put(E entry) {
        return invalidating(entry.key(), () -> repository.put(entry));
    }

    @Override
    public PutResult<E> putIf(E entry, PutCondition<E> condition) {
        return invalidating(entry.key(), () -> repository.putIf(entry, condition));
    }

    @Override
    public void remove(CacheKey key) {
        invalidating(key, () -> {
            repository.remove(key);
            return true;
        });
    }

    /**
     * Makes a change, during and after which no earlier read is current. When it fails,
     * such a read can still be a stale one.
     */
    protected final <T> T invalidating(CacheKey key, Supplier<T> change) {
        versions.begin(key);
        try {
            T result = change.get();
            reads.invalidate(key);
            return result;
        }
        finally {
            keys.add(key);
            versions.end(key);
        }
    }

    /**
     * Which keys a batch has is known only after it; until then, its caller has no answer
     * either.
     */
    @Override
    public List<CacheKey> removeSome(Selection selection, CacheKey after, int limit) {
        try {
            List<CacheKey> removed = repository.removeSome(selection, after, limit);
            invalidateKeys(removed);
            return removed;
        }
        catch (RuntimeException ex) {
            // It may have been carried out.
            beginEpoch();
            throw ex;
        }
    }

    @Override
    public OptionalInt truncate() {
        versions.beginAll();
        try {
            OptionalInt removed = repository.truncate();
            reads.invalidateAll();
            return removed;
        }
        finally {
            versions.endAll();
        }
    }

    /**
     * Invalidates keys that this instance or another one has written.
     */
    final void onChange(List<CacheKey> written) {
        written.forEach(keys::add);
        onRemoved(written);
    }

    /**
     * Invalidates keys that this instance or another one has changed. What was read just
     * before may be of after the change.
     */
    final void onRemoved(List<CacheKey> changed) {
        List<CacheKey> justRead = changed.stream().filter(this::isJustRead).toList();
        invalidateKeys(changed);
        readAgain(justRead, Duration.ZERO);
    }

    private boolean isJustRead(CacheKey key) {
        NearRead read = reads.getIfPresent(key);
        return read != null && read.age() < NOTIFIED_WITHIN;
    }

    private void invalidateKeys(List<CacheKey> keys) {
        for (CacheKey key : keys) {
            versions.begin(key);
            versions.end(key);
            reads.invalidate(key);
        }
    }

    /** What was read so far can only be stale, as changes may have been missed. */
    final void beginEpoch() {
        epoch.end(changes.currentAsOf());
        epoch = new Epoch();
        keys.breakOff();
    }

    /** Invalidates everything, as others may have changed anything. */
    final void invalidateAll() {
        versions.beginAll();
        versions.endAll();
        reads.invalidateAll();
        keys.forget();
    }

    /** Ends what goes on in the background. */
    final void close() {
        keys.close();
    }

    /** What the database has now. */
    final Optional<E> findInTable(CacheKey key) {
        return repository.find(key);
    }

    /** Whether lookups of the key are still answered by this. */
    // Another one that says the same was read later.
    @SuppressWarnings("ReferenceEquality")
    final boolean isServing(CacheKey key, NearRead read) {
        NearCacheEntry<E> near = entry(read);
        return findCurrent(key) == read && (near == null || isLive(near.read()));
    }

    final void drop(CacheKey key, NearRead read) {
        if (!reads.asMap().remove(key, read)) {
            // It was the keys' word for it, and others like it may be wrong too.
            keys.forget();
        }
    }

    /** How many keys the database was asked for. */
    final long misses() {
        return misses.sum();
    }

    /** How many keys there are, with an entry and without. */
    final long size() {
        return reads.estimatedSize();
    }

    /** Estimated bytes of heap of these. */
    final long weight() {
        return reads.policy().eviction().orElseThrow().weightedSize().orElse(0) + keys.bytes();
    }

}
