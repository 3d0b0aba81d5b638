package dev.dejavu.cache;

/**
 * A request that is answered with a problem. Its message is meant for the caller.
 */
public final class ProblemException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final Problem problem;

    public ProblemException(Problem problem, String detail) {
        // An answer, not a fault: it needs no stack trace, and a miss must be cheap.
        super(detail, null, false, false);
        this.problem = problem;
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

    public Problem problem() {
        return problem;
    }

}
