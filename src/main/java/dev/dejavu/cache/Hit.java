package dev.dejavu.cache;

import java.util.function.Function;

/**
 * An entry that was found, with its representation.
 *
 * @param <E> the entry
 */
public interface Hit<E extends CacheEntry> {

    E entry();

    /**
     * The representation of the entry for the caller that found it.
     * @param maker makes it, if that was not done before
     */
    Representation representation(Function<CacheEntry, Representation> maker);

    /** An entry whose representation nobody has made. */
    static <E extends CacheEntry> Hit<E> of(E found) {
        return new Hit<>() {
            @Override
            public E entry() {
                return found;
            }

            @Override
            public Representation representation(Function<CacheEntry, Representation> maker) {
                return maker.apply(found);
            }
        };
    }

}
