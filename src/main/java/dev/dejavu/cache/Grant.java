package dev.dejavu.cache;

import java.util.List;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

/**
 * The entries that a caller may read or write.
 *
 * @param scopes of which an entry must match one; empty for any
 * @param repositories of which an image must match one; empty for any
 */
public record Grant(List<Predicate<String>> scopes, List<Predicate<String>> repositories) {

    /** Every entry, also one without parts. */
    public static final Grant ALL = new Grant(List.of(), List.of());

    public boolean isAll() {
        return scopes.isEmpty() && repositories.isEmpty();
    }

    /**
     * Whether it covers an entry.
     * @param parts of its key; without them only {@link #ALL} covers it
     */
    public boolean covers(@Nullable KeyParts parts) {
        return isAll() || (parts != null && matches(scopes, parts.scope())
                && (parts.repository() == null || matches(repositories, parts.repository())));
    }

    private static boolean matches(List<Predicate<String>> patterns, String text) {
        return patterns.isEmpty() || patterns.stream().anyMatch((pattern) -> pattern.test(text));
    }

}
