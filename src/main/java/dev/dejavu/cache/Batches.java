package dev.dejavu.cache;

import java.util.function.IntUnaryOperator;

/**
 * Many rows in many small statements, so that none holds the write lock for long.
 */
public final class Batches {

    private Batches() {
    }

    /**
     * Repeats a statement until it finds fewer rows than it may take, or this thread is
     * interrupted.
     * @param size how many rows one statement may take
     * @param statement takes the size, returns how many rows it took
     * @return how many rows all statements took
     */
    public static int run(int size, IntUnaryOperator statement) {
        int total = 0;
        int taken;
        do {
            taken = statement.applyAsInt(size);
            total += taken;
        }
        while (taken == size && !Thread.currentThread().isInterrupted());
        return total;
    }

}
