package dev.dejavu.api;

import java.math.BigInteger;
import java.time.Duration;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * How long a caller would wait for an answer that says more.
 */
public final class Wait {

    /** Proxies in between cut a request after a minute. */
    private static final BigInteger MAX_SECONDS = BigInteger.valueOf(60);

    private Wait() {
    }

    /**
     * Reads the parameter {@code wait}, in seconds. What is longer than a minute is a
     * minute.
     * @throws ProblemException {@link Problem#MALFORMED_QUERY}
     */
    public static Duration parse(@Nullable String seconds) {
        if (seconds == null) {
            return Duration.ZERO;
        }
        if (!seconds.matches("[0-9]+")) {
            throw new ProblemException(Problem.MALFORMED_QUERY, "wait must be a whole number of seconds.");
        }
        return Duration.ofSeconds(new BigInteger(seconds).min(MAX_SECONDS).longValue());
    }

}
