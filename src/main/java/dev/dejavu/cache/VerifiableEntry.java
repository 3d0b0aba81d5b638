package dev.dejavu.cache;

import java.time.Instant;
import java.util.List;

/**
 * An entry that a registry can confirm.
 */
public interface VerifiableEntry extends CacheEntry {

    Verification verification();

    /** When a live entry was first stored under its key. */
    Instant firstPutAt();

    /** The repository of a {@link RegistryEvent} about it. */
    String registryRepository();

    /** The platforms that it must have, as in {@code linux/amd64}; may be none. */
    List<String> platforms();

    /** The same entry, with another verification. */
    VerifiableEntry withVerification(Verification verification);

    /** The same entry, marked as stale; itself if it is so already. */
    VerifiableEntry asStale();

}
