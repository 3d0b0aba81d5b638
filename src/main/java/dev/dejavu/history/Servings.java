package dev.dejavu.history;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Caller;
import dev.dejavu.cache.Lookup;

/**
 * Who was served which value in which minute, until that is written. A second hit of a
 * minute costs a look into a map.
 */
final class Servings {

    /** Pairs of a value and an identity in memory. */
    private static final int MAX_SIZE = MemoryBound.of(100_000, 320);

    private final Map<Key, Serving> servings = new ConcurrentHashMap<>();

    private final Queue<Serving> pending = new ConcurrentLinkedQueue<>();

    private final LongAdder dropped;

    private final int maxSize;

    /**
     * Nothing yet.
     * @param dropped counts what there was no room for
     */
    Servings(LongAdder dropped) {
        this(dropped, MAX_SIZE);
    }

    Servings(LongAdder dropped, int maxSize) {
        this.dropped = dropped;
        this.maxSize = maxSize;
    }

    void add(Lookup lookup, long now) {
        String name = lookup.caller().name();
        long minute = now / ServedRow.MINUTE;
        for (CacheEntry entry : lookup.hits()) {
            Key key = new Key(lookup.cache(), entry.key(), entry.value(), (name != null) ? name : Caller.ANYONE);
            Serving serving = servings.get(key);
            if (serving == null || serving.minute != minute) {
                add(key, serving, minute);
            }
        }
    }

    private void add(Key key, @Nullable Serving known, long minute) {
        if (known == null && servings.size() >= maxSize) {
            dropped.increment();
            return;
        }
        Serving serving = (known != null) ? known : servings.computeIfAbsent(key, Serving::new);
        if (serving.add(minute)) {
            pending.add(serving);
        }
    }

    /** Takes out some of what is to be written, each row once, in the order of keys. */
    List<ServedRow> take(int limit) {
        List<ServedRow> rows = new ArrayList<>();
        Serving serving = pending.poll();
        while (serving != null) {
            ServedRow row = serving.take();
            if (row != null) {
                rows.add(row);
            }
            serving = (rows.size() < limit) ? pending.poll() : null;
        }
        return rows;
    }

    /** Takes back what could not be written. */
    void restore(Collection<ServedRow> rows) {
        for (ServedRow row : rows) {
            Serving serving = servings.computeIfAbsent(row.key(), Serving::new);
            if (serving.restore(row)) {
                pending.add(serving);
            }
        }
    }

    /** Forgets those who were served in an earlier minute, once that is written. */
    void forget(long now) {
        long minute = now / ServedRow.MINUTE;
        servings.values().removeIf((serving) -> serving.minute < minute && serving.isWritten());
    }

    int size() {
        return pending.size();
    }

    /**
     * A value that an identity is served.
     */
    record Key(String cache, CacheKey key, String value, String identity) {
    }

    /**
     * The minutes of one of them.
     */
    private static final class Serving {

        private final Key key;

        /** The last one that was added. */
        private volatile long minute = -1;

        private @Nullable ServedRow row;

        Serving(Key key) {
            this.key = key;
        }

        /** Adds a minute, and returns whether it is the first to be written. */
        synchronized boolean add(long added) {
            if (minute == added) {
                return false;
            }
            minute = added;
            return merge(new ServedRow(key, added * ServedRow.MINUTE, added * ServedRow.MINUTE, 1));
        }

        synchronized boolean restore(ServedRow taken) {
            return merge(taken);
        }

        private boolean merge(ServedRow added) {
            ServedRow before = row;
            row = (before != null) ? before.and(added) : added;
            return before == null;
        }

        synchronized @Nullable ServedRow take() {
            ServedRow taken = row;
            row = null;
            return taken;
        }

        synchronized boolean isWritten() {
            return row == null;
        }

    }

}
