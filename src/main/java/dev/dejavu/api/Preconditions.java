package dev.dejavu.api;

import org.jspecify.annotations.Nullable;
import org.springframework.http.ETag;
import org.springframework.http.HttpHeaders;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.PutCondition;

/**
 * The conditions of a PUT: {@code If-Match} and {@code If-None-Match} (RFC 9110, section
 * 13.1).
 */
public final class Preconditions {

    private Preconditions() {
    }

    /**
     * The condition that the headers of a PUT set.
     * @return {@code null} when they set none
     */
    public static <E extends CacheEntry> @Nullable PutCondition<E> of(HttpHeaders headers) {
        String match = headers.getFirst(HttpHeaders.IF_MATCH);
        String noneMatch = headers.getFirst(HttpHeaders.IF_NONE_MATCH);
        if (match == null && noneMatch == null) {
            return null;
        }
        return (current) -> {
            boolean holds = (match == null || matches(match, current))
                    && (noneMatch == null || !matches(noneMatch, current));
            if (!holds) {
                throw new ProblemException(Problem.PRECONDITION_FAILED,
                        "The entry is not as If-Match or If-None-Match requires.");
            }
        };
    }

    private static boolean matches(String header, @Nullable CacheEntry current) {
        if (current == null) {
            return false;
        }
        String etag = EntryResponses.etag(current);
        return ETag.parse(header).stream().anyMatch((one) -> one.isWildcard() || one.formattedTag().equals(etag));
    }

}
