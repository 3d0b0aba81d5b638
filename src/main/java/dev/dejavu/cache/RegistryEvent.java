package dev.dejavu.cache;

import org.jspecify.annotations.Nullable;

/**
 * An event of a registry. It may come late, twice or out of order, so it is only a hint
 * what to check again.
 *
 * @param repository registry and name in lower case, as in {@code ghcr.io/acme/my-app}
 * @param tag that was pushed or deleted; {@code null} when it may be any
 * @param digest of the manifest that was pushed or deleted, if it is known; of a deletion
 * the tag is then of no account
 */
public record RegistryEvent(Kind kind, String repository, @Nullable String tag, @Nullable String digest) {

    /** What it is about, as in {@code ghcr.io/acme/my-app:v1.0}. */
    public String subject() {
        return repository + ((tag != null) ? ":" + tag : "") + ((digest != null) ? "@" + digest : "");
    }

    /**
     * Kinds of events.
     */
    public enum Kind {

        /** A manifest was pushed, perhaps under a tag that led to another one. */
        PUSH,

        /** A manifest or a tag was deleted. */
        DELETE

    }

}
