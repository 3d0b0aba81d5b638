package dev.dejavu.cache;

import java.util.HexFormat;
import java.util.Set;

import com.fasterxml.jackson.annotation.JsonValue;
import org.jspecify.annotations.Nullable;

/**
 * The key of an entry: lower-case hex, in the base or in an overlay. Keys are checked
 * here and nowhere else.
 *
 * @param hex 32 to 128 characters out of {@code 0-9a-f}
 * @param overlay whose entry it is; empty for the base, which everyone reads
 */
public record CacheKey(@JsonValue String hex, String overlay) {

    private static final String BASE = "";

    private static final Set<Integer> DIGEST_LENGTHS = Set.of(32, 40, 64, 96, 128);

    public CacheKey {
        // A driver makes an empty text for each row, which would stay in memory.
        overlay = overlay.isEmpty() ? BASE : overlay;
    }

    /** A key in the base. */
    public CacheKey(String hex) {
        this(hex, BASE);
    }

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

    /**
     * A loop whose branches a processor foresees: a stream took a tenth of the processor
     * time of a lookup of 100 keys, and comparisons with the ends of both ranges half of
     * that.
     */
    private static boolean isHex(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!HexFormat.isHexDigit(c) || Character.isUpperCase(c)) {
                return false;
            }
        }
        return true;
    }

    /** The same key in an overlay; in the base where the name is empty. */
    public CacheKey in(String name) {
        return overlay.equals(name) ? this : new CacheKey(hex, name);
    }

    /** The same key in the base. */
    public CacheKey inBase() {
        return in(BASE);
    }

    public boolean isInBase() {
        return overlay.isEmpty();
    }

    /** The overlay; {@code null} for the base. */
    public @Nullable String overlayOrNull() {
        return isInBase() ? null : overlay;
    }

    /**
     * Reads what {@link #toString()} wrote.
     */
    public static CacheKey parse(String text) {
        int slash = text.indexOf('/');
        return (slash < 0) ? new CacheKey(text) : new CacheKey(text.substring(0, slash), text.substring(slash + 1));
    }

    /** The hex; in an overlay with a slash and its name. */
    @Override
    public String toString() {
        return isInBase() ? hex : hex + "/" + overlay;
    }

}
