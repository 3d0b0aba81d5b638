package dev.dejavu.api;

import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.springframework.util.MultiValueMap;

import dev.dejavu.cache.Cursor;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * The query string of a request about a whole cache. Unknown and repeated parameters are
 * refused: if a typing error were ignored, {@code DELETE /images?imageuri=…} would delete
 * everything.
 *
 * @param value of the entries; {@code null} for all
 * @param scope of the entries; {@code null} for all
 */
public record ListQuery(int limit, Cursor after, @Nullable String value, @Nullable String scope) {

    private static final int MAX_LIMIT = 500;

    private static final String DEFAULT_LIMIT = "50";

    private static final String SCOPE = "scope";

    /**
     * Reads {@code limit}, {@code after}, {@code scope} and the value.
     * @param valueName the name of the value, as in {@code image_uri}
     */
    public static ListQuery ofPage(MultiValueMap<String, String> parameters, String valueName) {
        requireKnown(parameters, Set.of("limit", "after", valueName, SCOPE));
        String after = parameters.getFirst("after");
        return new ListQuery(limit(parameters.getOrDefault("limit", List.of(DEFAULT_LIMIT)).getFirst()),
                (after != null) ? Cursor.parse(after) : Cursor.START, value(parameters, valueName),
                value(parameters, SCOPE));
    }

    /**
     * Reads the value alone.
     */
    public static @Nullable String ofValue(MultiValueMap<String, String> parameters, String valueName) {
        requireKnown(parameters, Set.of(valueName));
        return value(parameters, valueName);
    }

    /** Whether a reader insists on what the registry itself has confirmed. */
    public static boolean isConfirmedOnly(@Nullable String verified) {
        if (verified != null && !verified.equals("registry")) {
            throw malformed("verified must be registry.");
        }
        return verified != null;
    }

    /**
     * Requires parameters that are known, each once.
     * @throws ProblemException {@link Problem#MALFORMED_QUERY}
     */
    public static void requireKnown(MultiValueMap<String, String> parameters, Set<String> known) {
        parameters.forEach((name, values) -> {
            if (!known.contains(name)) {
                throw malformed("The query may only have " + String.join(", ", known.stream().sorted().toList()) + ".");
            }
            if (values.size() > 1) {
                throw malformed(name + " may be given only once.");
            }
        });
    }

    private static int limit(String text) {
        if (text.matches("\\d{1,3}")) {
            int limit = Integer.parseInt(text);
            if (limit >= 1 && limit <= MAX_LIMIT) {
                return limit;
            }
        }
        throw malformed("limit must be a number from 1 to " + MAX_LIMIT + ".");
    }

    private static @Nullable String value(MultiValueMap<String, String> parameters, String name) {
        String value = parameters.getFirst(name);
        if (value != null && (value.isEmpty() || !PlainText.isPlain(value))) {
            throw malformed(name + " must not be empty and must not have control characters.");
        }
        return value;
    }

    private static ProblemException malformed(String detail) {
        return new ProblemException(Problem.MALFORMED_QUERY, detail);
    }

}
