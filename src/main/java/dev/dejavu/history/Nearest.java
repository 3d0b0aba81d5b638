package dev.dejavu.history;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;

import dev.dejavu.cache.CacheEntry;

/**
 * An entry whose key is like the one that was asked for.
 *
 * @param differs the parts in which they differ, those that matter least first
 */
public record Nearest<E extends CacheEntry>(E entry, List<Difference> differs) {

    static final int MAX_NEAREST = 5;

    public Nearest {
        differs = differs.stream().sorted(Comparator.comparingInt(Difference::weight)).toList();
    }

    /**
     * The nearest of some entries: by how much they differ, then the newest first.
     * @return one more than {@link #MAX_NEAREST} at most
     */
    public static <E extends CacheEntry> List<Nearest<E>> of(Collection<E> entries,
            Function<E, List<Difference>> differences) {
        return entries.stream()
            .map((entry) -> new Nearest<>(entry, differences.apply(entry)))
            .filter((nearest) -> !nearest.differs().isEmpty())
            .sorted(Comparator.comparingInt((Nearest<E> nearest) -> nearest.differs().size())
                .thenComparingInt(Nearest::weight)
                .thenComparing((nearest) -> nearest.entry().createdAt(), Comparator.reverseOrder()))
            .limit(MAX_NEAREST + 1)
            .toList();
    }

    private int weight() {
        return differs.getLast().weight();
    }

    /** Why it is not what was asked for. */
    String cause() {
        boolean isFar = differs.stream().map(Difference::cause).distinct().count() > 2;
        return isFar ? Explanation.NEVER_SEEN : differs.getLast().cause();
    }

    /** The parts in words, as in {@code tag and project}. */
    String parts() {
        List<String> names = differs.stream().map((difference) -> difference.part().replace('_', ' ')).toList();
        return String.join(" and ", names);
    }

}
