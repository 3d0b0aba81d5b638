package dev.dejavu.cache;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * An entry that a registry can confirm.
 */
public interface VerifiableEntry extends CacheEntry {

    Verification verification();

    /** When a live entry was first stored under its key. */
    Instant firstPutAt();

    /**
     * The repository of a {@link RegistryEvent} about it, the same for all spellings of
     * its registry.
     */
    String registryRepository();

    /** The tag of such an event; {@code null} where a digest says which one it is. */
    @Nullable String registryTag();

    /** The platforms that it must have, as in {@code linux/amd64}; may be none. */
    List<String> platforms();

    /** The same entry, with another verification. */
    VerifiableEntry withVerification(Verification verification);

    @Override
    VerifiableEntry asStale();

}
