package dev.dejavu.cache;

import java.util.List;

/**
 * Something whose expired rows can be thrown away.
 */
public interface Prunable {

    /** The name in metrics and in the log, as in {@code images}. */
    String name();

    /**
     * Throws away some expired rows, the oldest first, in one statement. Safe beside
     * readers, writers and other pruners.
     * @param from when the oldest of them was created, epoch milliseconds: older ones are
     * not looked for
     * @param limit how many rows at most
     * @return when each row that went had been created, epoch milliseconds, in no order;
     * fewer than the limit when none is left
     */
    List<Long> pruneExpired(long from, int limit);

}
