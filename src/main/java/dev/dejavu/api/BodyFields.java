package dev.dejavu.api;

import java.math.BigInteger;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * Checks of the fields of a JSON body. Each refusal is {@link Problem#MALFORMED_BODY} and
 * names the field.
 */
public final class BodyFields {

    private static final int MAX_KEYS = 1000;

    private BodyFields() {
    }

    public static String required(String member, @Nullable String value) {
        if (value == null) {
            throw malformed(member + " is required.");
        }
        if (value.isEmpty()) {
            throw malformed(member + " must not be empty.");
        }
        return value;
    }

    /**
     * Requires a whole number from zero.
     * @param max 2^63 - 1 at most
     */
    public static long wholeNumber(String member, @Nullable BigInteger value, long max) {
        if (value == null || value.signum() < 0 || value.compareTo(BigInteger.valueOf(max)) > 0) {
            throw malformed(member + " must be a whole number from 0 to " + max + ".");
        }
        return value.longValue();
    }

    /**
     * Requires text that a database stores unchanged, of a bounded length.
     * @throws ProblemException {@link Problem#MALFORMED_BODY}, {@link Problem#TOO_LONG}
     */
    public static String plain(String member, String value, int maxLength) {
        if (!PlainText.isPlain(value)) {
            throw malformed(member + " must not have control characters.");
        }
        if (value.length() > maxLength) {
            throw new ProblemException(Problem.TOO_LONG, member + " must have " + maxLength + " characters at most.");
        }
        return value;
    }

    /**
     * Requires text as {@link #plain} does, and not empty, where there is any.
     * @throws ProblemException {@link Problem#MALFORMED_BODY}, {@link Problem#TOO_LONG}
     */
    public static @Nullable String optional(String member, @Nullable String value, int maxLength) {
        return (value != null) ? plain(member, required(member, value), maxLength) : null;
    }

    /**
     * The keys of a lookup, each once, in the order of the request.
     */
    public static Set<CacheKey> keys(String member, @Nullable List<@Nullable String> texts,
            Function<String, CacheKey> parser) {
        if (texts == null || texts.isEmpty() || texts.size() > MAX_KEYS) {
            throw malformed(member + " must have 1 to " + MAX_KEYS + " keys.");
        }
        Set<CacheKey> keys = LinkedHashSet.newLinkedHashSet(texts.size());
        String each = member + "[]";
        for (String text : texts) {
            keys.add(parser.apply(required(each, text)));
        }
        return keys;
    }

    /**
     * Requires the parts of a key to make that key.
     * @throws ProblemException {@link Problem#KEY_MISMATCH}
     */
    public static void requireMatchingKey(CacheKey key, CacheKey made) {
        if (!made.hex().equals(key.hex())) {
            throw new ProblemException(Problem.KEY_MISMATCH,
                    "The parts make the key " + made.hex() + ", not " + key.hex() + ".");
        }
    }

    public static ProblemException malformed(String detail) {
        return new ProblemException(Problem.MALFORMED_BODY, detail);
    }

}
