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

    /**
     * The next number.
     * @param known a number that was given, if perhaps by a database that is lost, such
     * as one that its standby replaced: the next one is higher
     */
    long next(long known);

    /**
     * Raises the watermarks of events.
     * @param isRaisedAgain whether they are to be raised again later
     * @param known as for {@link #next}
     * @return their new state
     */
    List<Watermark> raise(List<RegistryEvent> events, boolean isRaisedAgain, long known);

    /**
     * Raises once more what is to be raised again and has a number in a range.
     * @param known as for {@link #next}
     * @return their new state; none where that was done before
     */
    List<Watermark> raiseAgain(long from, long upTo, long known);

    /**
     * Reads what was raised after a number, in as many statements as it needs.
     */
    Raised findRaisedAfter(long number);

    /**
     * Replaces the oldest watermarks of a repository by one of the whole repository, or
     * those of all by one of {@link Watermark#EVERYTHING}. What is still to be raised
     * again is kept, and what is younger.
     * @param limit how many, about
     * @param known as for {@link #next}
     * @return the state of that; none if there was nothing to replace
     */
    List<Watermark> fold(String repository, int limit, long known);

    /** Deletes some, as {@link Prunable#pruneExpired} says. */
    List<Long> prune(Instant raisedBefore, long from, int limit);

    /**
     * What was read.
     *
     * @param number that was the last one when the reading began
     * @param watermarks all up to that number, and perhaps later ones
     */
    record Raised(long number, List<Watermark> watermarks) {
    }

}
