package dev.dejavu.console;

import java.util.List;
import java.util.function.Function;

/**
 * A list on a page, which says whether there is more.
 */
record Excerpt<T>(List<T> rows, boolean isCut) {

    static <T> Excerpt<T> of(List<T> all, int max) {
        return new Excerpt<>(all.subList(0, Math.min(all.size(), max)), all.size() > max);
    }

    <R> Excerpt<R> map(Function<T, R> view) {
        return new Excerpt<>(rows.stream().map(view).toList(), isCut);
    }

}
