package dev.dejavu.cache;

import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;

/**
 * Many rows in many small statements, so that none holds the write lock for long or meets
 * the time limit.
 */
public final class Batches {

    private static final int SWEEP = 1000;

    private static final int COUNT = 2_000;

    private Batches() {
    }

    /**
     * Hands keys to a statement, some at a time.
     */
    public static void inParts(List<String> keys, Consumer<List<String>> statement) {
        for (int from = 0; from < keys.size(); from += SWEEP) {
            statement.accept(keys.subList(from, Math.min(from + SWEEP, keys.size())));
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
        List<String> keys = page.apply("", SWEEP);
        while (!keys.isEmpty()) {
            total += statement.applyAsInt(keys);
            keys = page.apply(keys.getLast(), SWEEP);
        }
        return total;
    }

    /**
     * Counts from the newest entry on.
     * @param skip goes a number of entries on from a place, if there are as many
     * @param rest counts the entries behind a place, all of them
     */
    public static long count(BiFunction<Cursor, Integer, Optional<Cursor>> skip, ToLongFunction<Cursor> rest) {
        long total = 0;
        Cursor place = Cursor.START;
        for (Optional<Cursor> next = skip.apply(place, COUNT); next.isPresent(); next = skip.apply(place, COUNT)) {
            total += COUNT;
            place = next.get();
        }
        return total + rest.applyAsLong(place);
    }

}
