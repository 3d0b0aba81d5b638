package dev.dejavu.cache;

/**
 * Whether the caller of the request that this thread serves is shown who wrote an entry.
 */
public interface Signatures {

    boolean areShown();

}
