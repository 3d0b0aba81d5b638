package dev.dejavu.api;

/**
 * Text that every database stores unchanged.
 */
public final class PlainText {

    private PlainText() {
    }

    /**
     * Whether it has no control character (PostgreSQL refuses NUL) and no half of a
     * surrogate pair (UTF-8 has none).
     */
    public static boolean isPlain(String text) {
        return text.codePoints()
            .noneMatch((c) -> Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE);
    }

    public static boolean hasWhiteSpace(String text) {
        return text.codePoints().anyMatch((c) -> Character.isWhitespace(c) || Character.isSpaceChar(c));
    }

}
