package dev.dejavu.cache;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

import org.jspecify.annotations.Nullable;

/**
 * Reads a page of what a caller may see. Where some rows are not for it, a page reads a
 * few thousand of them at most: it may be short, and even empty, and still have a next
 * one.
 *
 * @param search which of them
 * @param seen makes of entries what their reader sees
 * @param filter which of these; {@code null} for all
 */
record PageReader<E extends CacheEntry>(CacheTable<E> table, Caller caller, Search search, UnaryOperator<List<E>> seen,
        @Nullable Predicate<? super E> filter) {

    /** Rows of one statement. */
    private static final int MAX_ROWS = 500;

    /** Statements for one page. */
    private static final int MAX_READS = 10;

    Page<E> read(Cursor after, int limit) {
        boolean isFiltered = !caller.reading().isAll() || filter != null;
        // One more than the page has, to know whether another page follows.
        int count = isFiltered ? MAX_ROWS : limit + 1;
        List<E> page = new ArrayList<>();
        Cursor read = after;
        for (int i = 0; i < MAX_READS; i++) {
            List<E> rows = table.list(read, count, search, caller.seesAll() ? null : caller.overlay());
            for (E row : seen.apply(rows)) {
                if (caller.mayRead(row) && (filter == null || filter.test(row))) {
                    if (page.size() == limit) {
                        return new Page<>(page, Cursor.after(page.getLast()));
                    }
                    page.add(row);
                }
                read = Cursor.after(row);
            }
            if (rows.size() < count || search.key() != null) {
                return new Page<>(page, null);
            }
        }
        return withoutKey(page, read, after);
    }

    /**
     * A page that ended early, perhaps with an entry that its reader may not see: the
     * next one begins with the millisecond of that entry, so that the cursor needs no
     * key.
     */
    private static <E extends CacheEntry> Page<E> withoutKey(List<E> page, Cursor read, Cursor after) {
        if (after.createdAt() - read.createdAt() <= 1) {
            // All of one millisecond: only a key leads on.
            return new Page<>(page, read);
        }
        return new Page<>(page.stream().filter((entry) -> entry.createdAt().toEpochMilli() > read.createdAt()).toList(),
                Cursor.atOrBefore(read.createdAt()));
    }

}
