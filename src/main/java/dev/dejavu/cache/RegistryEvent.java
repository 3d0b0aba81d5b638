package dev.dejavu.cache;

import org.jspecify.annotations.Nullable;

/**
 * What a registry tells of itself. It may come late, twice or out of order, so it only
 * says where to look again.
 *
 * @param kind what happened
 * @param repository registry and name in lower case, as in {@code ghcr.io/acme/my-app}
 * @param tag that was pushed or is gone; {@code null} if any may be
 * @param digest of the manifest that was pushed, if it is known
 */
public record RegistryEvent(Kind kind, String repository, @Nullable String tag, @Nullable String digest) {

    /**
     * What can happen.
     */
    public enum Kind {

        /** A manifest is there, perhaps under a tag that led to another one. */
        PUSH,

        /** A manifest is gone, or a tag. */
        DELETE

    }

}
