package dev.dejavu.cache;

import java.util.List;

/**
 * Something whose expired rows can be deleted.
 */
public interface Prunable {

    /** The name in metrics and in the log, as in {@code images}. */
    String name();

    /**
     * Deletes some rows that have expired for all instances, the oldest first, in one
     * statement. Safe beside readers, writers and other pruners.
     * @param from epoch milliseconds, or the highest that an earlier call returned: rows
     * created before are not searched for
     * @param limit how many rows at most
     * @return when each deleted row had been created, epoch milliseconds or another
     * number that rises with time, in no order; fewer than the limit when none is left
     */
    List<Long> pruneExpired(long from, int limit);

}
