package dev.dejavu.cache;

/**
 * A call that cannot be answered as asked. Its message is meant for the caller.
 */
public final class ProblemException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final Problem problem;

    public ProblemException(Problem problem, String detail) {
        // An answer, not a fault: nobody reads its stack trace, and a miss must be cheap.
        super(detail, null, false, false);
        this.problem = problem;
    }

    /** What is asked for is not known here. */
    public static ProblemException miss() {
        return new ProblemException(Problem.MISS, "Not known here: go on as you would without this cache.");
    }

    /** What is asked for was looked for a moment ago, and was not there. */
    public static ProblemException absent() {
        return new ProblemException(Problem.ABSENT, "The registry said a moment ago that it does not have it.");
    }

    public Problem problem() {
        return problem;
    }

}
