package dev.dejavu.cache;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The endpoint of a scope, which says what backend it is of.
 *
 * @param text as in {@code https://flyte.example.com}; may be empty
 */
public record ScopeEndpoint(String text) {

    /** Also without slashes, as gRPC writes its targets. */
    private static final Pattern SCHEME = Pattern
        .compile("([a-z][a-z0-9+.-]*):(?=//)|(https?|dns|ipv4|ipv6|passthrough|unix|unix-abstract|vsock):");

    private static final Set<String> SOCKETS = Set.of("unix", "unix-abstract", "http+unix", "npipe", "vsock", "file");

    /** The name server in {@code dns://8.8.8.8/host}. */
    private static final Pattern NAME_SERVER = Pattern.compile("^dns://[^/]+/(?=.)");

    private static final Pattern PERCENT = Pattern.compile("(?:%[0-9a-f]{2})+", Pattern.CASE_INSENSITIVE);

    /** The endpoint of {@code endpoint:project:domain}, which may have colons itself. */
    public static ScopeEndpoint of(String scope) {
        int domain = scope.lastIndexOf(':');
        int project = scope.lastIndexOf(':', domain - 1);
        return new ScopeEndpoint(
                scope.substring(0, (project >= 0) ? project : (domain >= 0) ? domain : scope.length()));
    }

    /** Whether it names no backend. */
    public boolean isEmpty() {
        return host().isEmpty();
    }

    /** Whether it can never be another machine's: see {@link LocalHosts}. */
    public boolean isOfOneMachine() {
        Matcher scheme = SCHEME.matcher(normalized());
        return (scheme.lookingAt() && SOCKETS.contains(scheme(scheme))) || LocalHosts.isOfOneMachine(host());
    }

    /** The host without port, in lower case; empty when there is none. */
    public String host() {
        String target = NAME_SERVER.matcher(normalized()).replaceFirst("dns:///");
        Matcher scheme = SCHEME.matcher(target);
        String rest = scheme.lookingAt() ? target.substring(scheme.end()) : target;
        String authority = rest.replaceFirst("^[/\\\\]+", "").replaceFirst("[/\\\\?#].*", "");
        return LocalHosts.normalized(withoutPort(decoded(authority.substring(authority.lastIndexOf('@') + 1))));
    }

    private static String scheme(Matcher scheme) {
        return (scheme.group(1) != null) ? scheme.group(1) : scheme.group(2);
    }

    /** As a client would read it: other forms of letters, digits and dots are equal. */
    private String normalized() {
        return Normalizer.normalize(text, Normalizer.Form.NFKC).replace('\u3002', '.').strip().toLowerCase(Locale.ROOT);
    }

    private static String decoded(String authority) {
        return PERCENT.matcher(authority)
            .replaceAll(
                    (percent) -> Matcher.quoteReplacement(URLDecoder.decode(percent.group(), StandardCharsets.UTF_8)));
    }

    private static String withoutPort(String authority) {
        int bracket = authority.indexOf(']');
        if (authority.startsWith("[") && bracket > 0) {
            return authority.substring(0, bracket + 1);
        }
        return HostAddresses.of(authority).isEmpty() ? authority.replaceFirst(":.*", "") : authority;
    }

}
