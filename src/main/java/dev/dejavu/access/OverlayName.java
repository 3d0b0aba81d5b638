package dev.dejavu.access;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.Sha256;

/**
 * Names of overlays: 200 characters out of {@code A-Z a-z 0-9 . _ @ : + = , ~ - /}, in
 * segments as those of a path, so that they can stand in one.
 */
final class OverlayName {

    private static final int MAX_LENGTH = 200;

    /** What is left of a long name before its hash. */
    private static final int LONG_PREFIX = 100;

    private static final Pattern NAME = Pattern
        .compile("(?!\\.{1,2}(?:/|$))[\\w.@:+=,~-]+(?:/(?!\\.{1,2}(?:/|$))[\\w.@:+=,~-]+)*");

    private static final Pattern ODD = Pattern.compile("[^\\w.@:+=,/-]+");

    private static final Pattern CLAIM = Pattern.compile("\\{([^{}]+)}");

    private OverlayName() {
    }

    static boolean isValid(String name) {
        return name.length() <= MAX_LENGTH && NAME.matcher(name).matches();
    }

    /** Whether a template makes valid names of ordinary claims. */
    static boolean isTemplate(String template) {
        return isValid(CLAIM.matcher(template).replaceAll("x"));
    }

    /**
     * Fills the claims into a template as in {@code {repository}/{ref}}. Characters that
     * a name cannot have are written {@code ~} and two hex digits for each byte of UTF-8,
     * so that other claims make another name; the end of a long name becomes its hash.
     * @return {@code null} when a claim is missing or makes no name
     */
    static @Nullable String of(String template, Map<String, Object> claims) {
        Matcher matcher = CLAIM.matcher(template);
        if (!matcher.results().allMatch((claim) -> isScalar(claims.get(claim.group(1))))) {
            return null;
        }
        String name = CLAIM.matcher(template)
            .replaceAll((claim) -> Matcher.quoteReplacement(encoded(String.valueOf(claims.get(claim.group(1))))));
        if (name.length() > MAX_LENGTH) {
            name = name.substring(0, LONG_PREFIX) + "~sha256=" + Sha256.hex(name);
        }
        return isValid(name) ? name : null;
    }

    private static boolean isScalar(@Nullable Object claim) {
        return (claim instanceof String text && !text.isEmpty()) || claim instanceof Number || claim instanceof Boolean;
    }

    private static String encoded(String value) {
        return ODD.matcher(value).replaceAll(OverlayName::encoded);
    }

    private static String encoded(MatchResult odd) {
        return HexFormat.of().withUpperCase().withPrefix("~").formatHex(odd.group().getBytes(StandardCharsets.UTF_8));
    }

}
