package dev.dejavu.cache;

/**
 * Something whose expired rows can be thrown away.
 */
public interface Prunable {

    /** The name in metrics and in the log, as in {@code images}. */
    String name();

    /**
     * Throws away some expired rows, in one statement. Safe beside readers, writers and
     * other pruners.
     * @param limit how many rows at most
     * @return how many rows went; fewer than the limit when none is left
     */
    int pruneExpired(int limit);

}
