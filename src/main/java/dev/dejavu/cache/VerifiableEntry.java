package dev.dejavu.cache;

import java.util.List;

/**
 * An entry that somebody else can confirm.
 */
public interface VerifiableEntry extends CacheEntry {

    Verification verification();

    /** As its registry calls it in a {@link RegistryEvent}. */
    String registryRepository();

    /** For which platforms it must be there, as in {@code linux/amd64}; may be none. */
    List<String> platforms();

    /** The same entry, known to be true since then. */
    VerifiableEntry withVerification(Verification verification);

    /** The same entry, marked as one that was not verified for too long. */
    VerifiableEntry asStale();

}
