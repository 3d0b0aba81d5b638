package dev.dejavu.cache;

import org.jspecify.annotations.Nullable;

/**
 * The caller of the request that this thread serves.
 */
public interface Callers {

    /** Its name; {@code null} for an anonymous one. */
    @Nullable String name();

    /** Whether it sees who wrote an entry. */
    boolean seesAuthors();

}
