package dev.dejavu.api;

import java.math.BigInteger;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.Cost;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * The field {@code cost} of a PUT.
 */
public record CostField(@Nullable Double seconds, @Nullable BigInteger bytes) {

    /**
     * The cost that a writer sent, if any.
     * @throws ProblemException {@link Problem#MALFORMED_BODY}
     */
    public static @Nullable Cost read(@Nullable CostField field) {
        if (field == null) {
            return null;
        }
        Double seconds = field.seconds();
        if (seconds == null || !(seconds >= 0 && seconds <= Cost.MAX_SECONDS)) {
            throw BodyFields.malformed("cost.seconds must be a number from 0 to " + Cost.MAX_SECONDS + ".");
        }
        BigInteger bytes = field.bytes();
        // Not the zero with a sign.
        return new Cost(seconds + 0.0,
                (bytes != null) ? BodyFields.wholeNumber("cost.bytes", bytes, Cost.MAX_BYTES) : null);
    }

}
