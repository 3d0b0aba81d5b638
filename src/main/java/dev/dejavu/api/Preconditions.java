package dev.dejavu.api;

import java.util.List;

import org.jspecify.annotations.Nullable;
import org.springframework.http.ETag;
import org.springframework.http.HttpHeaders;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.PutCondition;

/**
 * The conditions of a PUT (RFC 9110, section 13.1).
 *
 * @param match the value of {@code If-Match}
 * @param noneMatch the value of {@code If-None-Match}
 */
public record Preconditions<E extends CacheEntry>(@Nullable String match,
        @Nullable String noneMatch) implements PutCondition<E> {

    /**
     * The conditions that the headers of a PUT set.
     * @return {@code null} when they set none
     */
    public static <E extends CacheEntry> @Nullable PutCondition<E> of(HttpHeaders headers) {
        String match = value(headers, HttpHeaders.IF_MATCH);
        String noneMatch = value(headers, HttpHeaders.IF_NONE_MATCH);
        return (match == null && noneMatch == null) ? null : new Preconditions<>(match, noneMatch);
    }

    private static @Nullable String value(HttpHeaders headers, String name) {
        List<String> values = headers.get(name);
        return (values != null) ? String.join(",", values) : null;
    }

    @Override
    public void check(@Nullable E current) {
        if ((match != null && !matches(match, current)) || (noneMatch != null && matches(noneMatch, current))) {
            throw new ProblemException(Problem.PRECONDITION_FAILED,
                    "The entry is not as If-Match or If-None-Match requires.");
        }
    }

    @Override
    public boolean namesTheEntry() {
        return match != null && ETag.parse(match).stream().noneMatch(ETag::isWildcard);
    }

    private static boolean matches(String header, @Nullable CacheEntry current) {
        if (current == null) {
            return false;
        }
        String etag = EntryResponses.etag(current);
        return ETag.parse(header).stream().anyMatch((one) -> one.isWildcard() || one.formattedTag().equals(etag));
    }

}
