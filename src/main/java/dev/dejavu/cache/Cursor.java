package dev.dejavu.cache;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.annotation.JsonValue;

/**
 * Where a page of the list ended. Opaque to clients.
 *
 * @param createdAt epoch milliseconds of the last entry
 * @param key its key, which decides among entries of the same millisecond
 */
public record Cursor(long createdAt, CacheKey key) {

    /** Before the newest entry. */
    public static final Cursor START = new Cursor(Long.MAX_VALUE, new CacheKey(""));

    private static final Pattern FORM = Pattern.compile("(\\d{1,18})-([0-9a-f]{32,128}(?:/[!-~]+)?|)");

    /** Where a page that ends with this entry ended. */
    public static Cursor after(CacheEntry entry) {
        return new Cursor(entry.createdAt().toEpochMilli(), entry.key());
    }

    /** Before the newest entry of a millisecond. */
    static Cursor atOrBefore(long createdAt) {
        return new Cursor(createdAt + 1, new CacheKey(""));
    }

    /**
     * Reads where an earlier page ended.
     * @throws ProblemException {@link Problem#MALFORMED_QUERY}
     */
    public static Cursor parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new ProblemException(Problem.MALFORMED_QUERY, "after must be the `next` value of an earlier page.");
        }
        return new Cursor(Long.parseLong(matcher.group(1)), CacheKey.parse(matcher.group(2)));
    }

    @Override
    @JsonValue
    public String toString() {
        return createdAt + "-" + key;
    }

}
