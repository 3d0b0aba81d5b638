package dev.dejavu.cache;

/**
 * Knows who makes the request that this thread serves.
 */
@FunctionalInterface
public interface Callers {

    Caller current();

}
