package dev.dejavu.cache;

import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * The result of a PUT.
 *
 * @param entry as it is stored
 * @param created whether the key had no live entry
 * @param previousValue the value that it replaced, if that was another one
 * @param previousAuthor who had stored that value; {@code null} also when it is unknown
 */
public record PutResult<E extends CacheEntry>(E entry, boolean created, @Nullable String previousValue,
        @Nullable String previousAuthor) {

    /** Whether it replaced another value of another identity. */
    public boolean isChangedByAnother() {
        return previousValue != null && !Objects.equals(previousAuthor, entry.writtenBy());
    }

}
