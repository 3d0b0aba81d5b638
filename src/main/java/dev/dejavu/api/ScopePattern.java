package dev.dejavu.api;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import dev.dejavu.cache.ScopeEndpoint;

/**
 * An endpoint, or a whole scope, in which a {@code *} matches any text. Spellings of one
 * host are equal.
 */
public final class ScopePattern {

    /** What begins with a star or with no endpoint, or has another scheme, stays. */
    private static final Pattern ORIGIN = Pattern
        .compile("(?i)(?![*:]|(?!https?:|dns:)[a-z*][a-z0-9+.*-]*://)(?:(?<scheme>https?|dns):/+)?"
                + "(?<host>\\[[^]]*]|[^:/]*?)(?<!\\.)\\.*+(?<port>:\\d+(?=[:/]|$))?(?:/+(?=:|$)|(?=[:/]|$))");

    private final Pattern pattern;

    /** May begin with a {@code *}. */
    private final String host;

    private ScopePattern(String text) {
        this.pattern = Wildcard.compile(normalized(text));
        this.host = new ScopeEndpoint(text).host();
    }

    /**
     * Reads a pattern.
     * @throws IllegalArgumentException its message says what it must be
     */
    static ScopePattern of(String text) {
        if (!Wildcard.isValid(text) || !PlainText.isPlain(text) || PlainText.hasWhiteSpace(text)) {
            throw new IllegalArgumentException(
                    ("must be an endpoint or a scope, as in https://flyte.example.com or https://*.example.com:proj:*,"
                            + " of %d characters and %d stars at most")
                        .formatted(Wildcard.MAX_LENGTH, Wildcard.MAX_STARS));
        }
        return new ScopePattern(text);
    }

    /**
     * Whether a scope, or the endpoint of that, matches one of some patterns.
     * @param patterns that were checked before
     */
    public static Predicate<String> anyOf(List<String> patterns) {
        List<ScopePattern> compiled = patterns.stream().map(ScopePattern::new).toList();
        return (scope) -> matchesAny(compiled, scope);
    }

    private static boolean matchesAny(List<ScopePattern> patterns, String scope) {
        String normalized = normalized(scope);
        String endpoint = ScopeEndpoint.of(normalized).text();
        return patterns.stream()
            .map((one) -> one.pattern)
            .anyMatch((one) -> one.matcher(normalized).matches() || one.matcher(endpoint).matches());
    }

    /**
     * Whether it matches a scope and names its host: itself, or {@code *.} and a domain
     * of it.
     */
    boolean names(String scope) {
        String actual = ScopeEndpoint.of(scope).host();
        boolean isNamed = host.equals(actual) || (host.matches("\\*\\.[^*]+") && actual.endsWith(host.substring(1)));
        return isNamed && matchesAny(List.of(this), scope);
    }

    /** The host that it names, perhaps with stars; empty for none. */
    String host() {
        return host;
    }

    /**
     * An endpoint, a scope or a pattern as the keys of a team have it: {@code https} for
     * {@code dns} and for no scheme, the host in lower case without dots or slashes
     * behind it, and no default port.
     */
    private static String normalized(String text) {
        Matcher origin = ORIGIN.matcher(text);
        if (!origin.lookingAt()) {
            return text;
        }
        String scheme = Objects.requireNonNullElse(origin.group("scheme"), "https").toLowerCase(Locale.ROOT);
        String port = Objects.requireNonNullElse(origin.group("port"), "");
        boolean isDefault = port.equals(scheme.equals("http") ? ":80" : ":443");
        return (scheme.equals("http") ? "http" : "https") + "://" + origin.group("host").toLowerCase(Locale.ROOT)
                + (isDefault ? "" : port) + text.substring(origin.end());
    }

}
