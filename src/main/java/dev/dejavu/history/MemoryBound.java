package dev.dejavu.history;

/**
 * How many records of a kind are kept in memory.
 */
final class MemoryBound {

    /** Of the heap, for each kind. */
    private static final int SHARE = 10;

    private MemoryBound() {
    }

    /**
     * A number of records for the heap of this process.
     * @param most where there is room
     * @param bytes of a record, about
     */
    static int of(int most, int bytes) {
        return of(most, bytes, Runtime.getRuntime().maxMemory());
    }

    static int of(int most, int bytes, long heap) {
        return (int) Math.min(most, heap / SHARE / bytes);
    }

}
