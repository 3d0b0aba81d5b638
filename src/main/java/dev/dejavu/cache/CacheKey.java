package dev.dejavu.cache;

import java.util.Set;

import com.fasterxml.jackson.annotation.JsonValue;

/**
 * The key of an entry: lower-case hex. Keys are checked here and nowhere else.
 *
 * @param hex 32 to 128 characters out of {@code 0-9a-f}
 */
public record CacheKey(@JsonValue String hex) {

    private static final Set<Integer> DIGEST_LENGTHS = Set.of(32, 40, 64, 96, 128);

    /**
     * Reads a SHA-256, 64 characters.
     * @throws ProblemException {@link Problem#MALFORMED_KEY}
     */
    public static CacheKey sha256(String text) {
        if (text.length() == 64 && isHex(text)) {
            return new CacheKey(text);
        }
        throw new ProblemException(Problem.MALFORMED_KEY, "A hash is a SHA-256: 64 lower-case hex characters.");
    }

    /**
     * Reads a digest of any usual algorithm: 32 (MD5), 40, 64, 96 or 128 characters.
     * @throws ProblemException {@link Problem#MALFORMED_KEY}
     */
    public static CacheKey digest(String text) {
        if (DIGEST_LENGTHS.contains(text.length()) && isHex(text)) {
            return new CacheKey(text);
        }
        throw new ProblemException(Problem.MALFORMED_KEY,
                "A digest is 32, 40, 64, 96 or 128 lower-case hex characters.");
    }

    /**
     * The key that is made of its parts.
     * @return the SHA-256 of the text in UTF-8
     */
    public static CacheKey hashOf(String text) {
        return new CacheKey(Sha256.hex(text));
    }

    private static boolean isHex(String text) {
        return text.chars().allMatch((c) -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    }

    @Override
    public String toString() {
        return hex;
    }

}
