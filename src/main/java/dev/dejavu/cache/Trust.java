package dev.dejavu.cache;

/**
 * Whether an entry may be given as it is, or its repository has to be asked once more.
 */
public interface Trust {

    boolean isTrusted(CacheEntry entry);

}
