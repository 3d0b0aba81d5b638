package dev.dejavu.api;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * The body of a request that takes an entry back.
 *
 * @param reason for the audit log, if the caller gives one
 */
public record Invalidation(@Nullable String reason) {

    private static final int MAX_REASON = 256;

    /**
     * An invalidation.
     * @throws ProblemException {@link Problem#MALFORMED_BODY}, {@link Problem#TOO_LONG}
     */
    public Invalidation {
        if (reason != null) {
            BodyFields.plain("reason", reason, MAX_REASON);
        }
    }

}
