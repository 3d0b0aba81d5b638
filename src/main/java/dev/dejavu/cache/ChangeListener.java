package dev.dejavu.cache;

import java.util.List;

/**
 * Is told what changes in the database, whoever changed it, after it has happened.
 */
public interface ChangeListener {

    /** These keys of a cache may say something else now. */
    void onChange(String cache, List<CacheKey> keys);

    /** A registry told another instance of something that happened there. */
    default void onRegistryEvent(RegistryEvent.Kind kind, String repository) {
        // Most know only what is in the database.
    }

    /** Anything may be another thing now. */
    void onReset();

}
