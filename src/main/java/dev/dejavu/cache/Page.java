package dev.dejavu.cache;

import java.util.List;
import java.util.function.UnaryOperator;

import org.jspecify.annotations.Nullable;

/**
 * A page of the list, newest first.
 *
 * @param next the {@code after} of the next page; absent on the last one
 */
public record Page<E extends CacheEntry>(List<E> entries, @Nullable Cursor next) {

    /** The same page with other entries. */
    Page<E> map(UnaryOperator<List<E>> change) {
        return new Page<>(change.apply(entries), next);
    }

}
