package dev.dejavu.cache;

import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/**
 * Many rows in many small statements, so that none holds the write lock for long.
 */
public final class Batches {

    private static final int BATCH_SIZE = 1000;

    private Batches() {
    }

    /**
     * Hands keys to a statement, some at a time.
     */
    public static void forEachBatch(List<String> keys, Consumer<List<String>> statement) {
        for (int from = 0; from < keys.size(); from += BATCH_SIZE) {
            statement.accept(keys.subList(from, Math.min(from + BATCH_SIZE, keys.size())));
        }
    }

    /**
     * Goes once through all keys, so that nothing that was there at the start is left,
     * whoever else removes at the same time.
     * @param page reads the keys behind a key, in order, up to a limit
     * @param statement takes keys, returns how many rows it took
     * @return how many rows all statements took
     */
    public static int sweep(BiFunction<String, Integer, List<String>> page, ToIntFunction<List<String>> statement) {
        int total = 0;
        List<String> keys = page.apply("", BATCH_SIZE);
        while (!keys.isEmpty()) {
            total += statement.applyAsInt(keys);
            keys = page.apply(keys.getLast(), BATCH_SIZE);
        }
        return total;
    }

}
