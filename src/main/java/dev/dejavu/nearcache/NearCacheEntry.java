package dev.dejavu.nearcache;

import java.nio.charset.StandardCharsets;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.NearHit;
import dev.dejavu.cache.Representation;

/**
 * An entry as it was read.
 *
 * @param <E> the entry
 */
final class NearCacheEntry<E extends CacheEntry> implements NearHit<E> {

    /** Estimated bytes of heap that the near cache needs for any entry. */
    private static final int OVERHEAD = 400;

    private final E entry;

    private final int version;

    private @Nullable Representation representation;

    NearCacheEntry(E entry, int version) {
        this.entry = entry;
        this.version = version;
    }

    @Override
    public E entry() {
        return entry;
    }

    /** The version of its key when it was read. */
    int version() {
        return version;
    }

    /** Estimated bytes of heap, with the representation. */
    int weight() {
        return OVERHEAD + 2 * entry.toString().getBytes(StandardCharsets.UTF_8).length;
    }

    @Override
    public Representation representation(Function<CacheEntry, Representation> maker) {
        // Several threads may make one each at the same time. Any of them will do.
        Representation made = representation;
        if (made == null) {
            made = maker.apply(entry.withWrittenBy(null));
            representation = made;
        }
        return made;
    }

}
