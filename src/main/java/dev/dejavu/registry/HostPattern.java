package dev.dejavu.registry;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

/**
 * A pattern of hosts.
 *
 * @param text as it was written, in lower case
 */
record HostPattern(String text, Pattern regex) {

    private static final String LABEL = "[a-z0-9_-]+";

    private static final String LABELS = "[a-z0-9._-]+";

    /** A pattern in which each {@code *} is one label. */
    static HostPattern ofLabels(String text) {
        return of(text, LABEL);
    }

    /** A pattern in which each {@code *} is one or more labels, or parts of them. */
    static HostPattern of(String text) {
        return of(text, LABELS);
    }

    private static HostPattern of(String text, String wildcard) {
        String lower = text.toLowerCase(Locale.ROOT);
        return new HostPattern(lower, Pattern
            .compile(Stream.of(lower.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(wildcard))));
    }

    /**
     * The address that a host is written as, also as in {@code 127.1} or
     * {@code 0x7f000001}; {@code null} for a name.
     */
    static @Nullable InetAddress address(String host) {
        try {
            return (host.indexOf(':') >= 0) ? InetAddress.ofLiteral(host) : Inet4Address.ofPosixLiteral(host);
        }
        catch (IllegalArgumentException ex) {
            return null;
        }
    }

    /**
     * Whether a host is meant.
     * @param host in lower case
     */
    boolean matches(String host) {
        return regex.matcher(host).matches();
    }

}
