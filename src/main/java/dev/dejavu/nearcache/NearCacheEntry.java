package dev.dejavu.nearcache;

import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.cache.CacheEntry;

/**
 * An entry as it was read, and the answer that is made of it once it is asked for again.
 *
 * @param <E> the entry
 */
final class NearCacheEntry<E extends CacheEntry> {

    private static final int OVERHEAD = 400;

    private final E entry;

    private final int version;

    private @Nullable Representation answer;

    NearCacheEntry(E entry, int version) {
        this.entry = entry;
        this.version = version;
    }

    E entry() {
        return entry;
    }

    /**
     * An estimate of its bytes of heap, with the answer and what the cache itself needs.
     */
    int weight() {
        return OVERHEAD + 2 * entry.toString().getBytes(StandardCharsets.UTF_8).length;
    }

    /**
     * What every caller who is not shown signatures is answered.
     */
    Representation answer(JsonMapper json) {
        // Of several that are made at once any will do: its members are final.
        Representation made = answer;
        if (made == null) {
            made = Representation.of(entry.withWrittenBy(null), json);
            answer = made;
        }
        return made;
    }

    /** The version of its key when it was read. */
    int version() {
        return version;
    }

}
