package dev.dejavu.nearcache;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
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
final class NearCacheEntry<E extends CacheEntry> extends NearRead implements NearHit<E> {

    /** Estimated bytes of heap that the near cache needs for any entry. */
    private static final int OVERHEAD = 400;

    private final E read;

    private volatile Served<E> served;

    NearCacheEntry(E entry, int version, Epoch epoch) {
        super(version, epoch);
        this.read = entry;
        this.served = new Served<>(entry);
    }

    @Override
    public E entry() {
        return served.entry;
    }

    // To compare the entries would cost more than to make one representation.
    @Override
    @SuppressWarnings("ReferenceEquality")
    public NearHit<E> servedAs(E entry) {
        if (entry != served.entry) {
            served = new Served<>(entry);
        }
        return this;
    }

    /** As it was read from the database. */
    E read() {
        return read;
    }

    /** With the representation. */
    @Override
    int weight() {
        return OVERHEAD + 2 * entry().toString().getBytes(StandardCharsets.UTF_8).length;
    }

    @Override
    boolean isOf(Optional<? extends CacheEntry> stored) {
        return stored.isPresent() && stored.get().equals(read);
    }

    @Override
    public Representation representation(Function<CacheEntry, Representation> maker) {
        return served.representation(maker);
    }

    /**
     * An entry and its representation.
     */
    private static final class Served<E extends CacheEntry> {

        private final E entry;

        private @Nullable Representation representation;

        Served(E entry) {
            this.entry = entry;
        }

        Representation representation(Function<CacheEntry, Representation> maker) {
            // Several threads may make one each at the same time. Any of them will do.
            Representation made = representation;
            if (made == null) {
                made = maker.apply(entry.withWrittenBy(null));
                representation = made;
            }
            return made;
        }

    }

}
