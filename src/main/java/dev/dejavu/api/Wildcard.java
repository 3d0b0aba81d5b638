package dev.dejavu.api;

import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Texts in which a {@code *} stands for any text.
 */
public final class Wildcard {

    static final int MAX_LENGTH = 512;

    /** More of them cost seconds to match. */
    static final int MAX_STARS = 4;

    private Wildcard() {
    }

    /** Whether a text is not empty, and not too long or too slow to match. */
    public static boolean isValid(String text) {
        return !text.isEmpty() && text.length() <= MAX_LENGTH
                && text.chars().filter((c) -> c == '*').count() <= MAX_STARS;
    }

    public static Pattern compile(String text) {
        return Pattern.compile(Stream.of(text.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")),
                Pattern.DOTALL);
    }

}
