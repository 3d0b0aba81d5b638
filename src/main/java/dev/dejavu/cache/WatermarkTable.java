package dev.dejavu.cache;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * Persistence of watermarks and of the counter that numbers events. What has a higher
 * number was committed later. Every method throws Spring's {@code DataAccessException}
 * when the database does not answer.
 */
public interface WatermarkTable {

    /** The next number. */
    long next();

    /**
     * Raises the watermarks of events.
     * @param isRaisedAgain whether they are to be raised again later
     * @return their new state
     */
    List<Watermark> raise(List<RegistryEvent> events, boolean isRaisedAgain);

    /**
     * Raises once more what is to be raised again and has a latest number in a range.
     * @return their new state; none where that was done before
     */
    List<Watermark> raiseAgain(long from, long upTo);

    /**
     * Reads what was raised after a number.
     */
    Raised findRaisedAfter(long number);

    /**
     * Replaces the older half of a repository's watermarks by one of the whole
     * repository.
     * @return the state of that
     */
    List<Watermark> fold(String repository);

    /** Deletes some, as {@link Prunable#pruneExpired} says. */
    List<Long> prune(Instant raisedBefore, long from, int limit);

    /**
     * What was read at one moment.
     *
     * @param number the last one that was given
     */
    record Raised(long number, List<Watermark> watermarks) {
    }

}
