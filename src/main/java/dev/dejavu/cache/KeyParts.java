package dev.dejavu.cache;

import org.jspecify.annotations.Nullable;

/**
 * The parts of a key, of which its hash is made.
 */
public interface KeyParts {

    /** {@code endpoint:project:domain} of the Flyte client. */
    String scope();

    /** Registry and name of an image; {@code null} for what is none. */
    @Nullable String repository();

}
