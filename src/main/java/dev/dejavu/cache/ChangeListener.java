package dev.dejavu.cache;

import java.util.List;

/**
 * Learns what changes in the database, by any instance or by hand, after it has happened.
 */
public interface ChangeListener {

    /** Rows of these keys changed. */
    void onChange(String cache, List<CacheKey> keys);

    /** A registry sent an event to another instance. */
    default void onRegistryEvent(RegistryEvent.Kind kind, String repository) {
        // Most listen only to what is in the database.
    }

    /** Anything may have changed. */
    void onReset();

}
