package dev.dejavu.cache;

/**
 * Is told what happens at the caches, after it has happened. Must be quick: the caller
 * waits.
 */
public interface CacheObserver {

    /** One key was asked for. */
    default void found(String cache, boolean hit) {
        lookedUp(cache, hit ? 1 : 0, hit ? 0 : 1);
    }

    /** Keys were asked for. */
    default void lookedUp(String cache, int hits, int misses) {
    }

    /** An entry was stored. */
    default void written(String cache) {
    }

    /** Expired rows went. */
    default void pruned(String cache, int rows) {
    }

}
