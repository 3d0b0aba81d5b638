package dev.dejavu.cache;

/**
 * Is told what happens at the caches, after it has happened. Must be quick: the caller
 * waits.
 */
public interface CacheObserver {

    /** One key was asked for. */
    default void onLookup(String cache, boolean hit) {
        onLookups(cache, hit ? 1 : 0, hit ? 0 : 1);
    }

    /** Keys were asked for. */
    default void onLookups(String cache, int hits, int misses) {
    }

    /** An entry was stored. */
    default void onWrite(String cache) {
    }

    /** Expired rows went. */
    default void onPrune(String cache, int rows) {
    }

}
