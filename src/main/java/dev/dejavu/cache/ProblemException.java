package dev.dejavu.cache;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * A request that is answered with a problem. Its message is meant for the caller.
 */
public final class ProblemException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final Problem problem;

    private final @Nullable Duration retryAfter;

    public ProblemException(Problem problem, String detail) {
        this(problem, detail, null);
    }

    /**
     * A problem that a later request may not meet.
     * @param retryAfter how much later, at the least
     */
    public ProblemException(Problem problem, String detail, @Nullable Duration retryAfter) {
        // An answer, not a fault: it needs no stack trace, and a miss must be cheap.
        super(detail, null, false, false);
        this.problem = problem;
        this.retryAfter = retryAfter;
    }

    /** The key is unknown, which says nothing of the registry. */
    public static ProblemException miss() {
        return new ProblemException(Problem.MISS, "Unknown here: go on as you would without this cache.");
    }

    /** The registry was asked a moment ago, and did not have it. */
    public static ProblemException absent() {
        return new ProblemException(Problem.ABSENT,
                "The registry answered a moment ago that it does not have the image.");
    }

    /** The caller's token is limited to less. */
    public static ProblemException outOfLimits() {
        return new ProblemException(Problem.FORBIDDEN, "Your token is limited to other scopes or repositories.");
    }

    /** Its keys were never fetched, or too long ago. */
    public static ProblemException issuerUnavailable() {
        return new ProblemException(Problem.ISSUER_UNAVAILABLE, "The keys of the token's issuer are not available.");
    }

    public Problem problem() {
        return problem;
    }

    public @Nullable Duration retryAfter() {
        return retryAfter;
    }

}
