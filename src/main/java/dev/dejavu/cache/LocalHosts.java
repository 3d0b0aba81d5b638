package dev.dejavu.cache;

import java.net.InetAddress;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Hosts that only the machine itself can reach, such as {@code localhost}.
 */
public final class LocalHosts {

    private static final Set<String> NAMES = Set.of("localhost", "localhost.localdomain", "ip6-localhost",
            "ip6-loopback");

    /** Text that may be an address: parsing any other costs an exception. */
    private static final Pattern ADDRESS = Pattern.compile(":|[0-9]$");

    private LocalHosts() {
    }

    /**
     * Whether the host is this machine as seen from itself: {@code localhost} (RFC 6761),
     * Docker's names for it, 127.0.0.0/8, ::1, or no address at all (0.0.0.0, ::). Asks
     * no name server.
     * @param host without port, an IPv6 address with or without its brackets
     */
    public static boolean contains(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        name = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        if (NAMES.contains(name) || name.endsWith(".localhost") || name.endsWith(".docker.internal")) {
            return true;
        }
        if (!ADDRESS.matcher(name).find()) {
            return false;
        }
        try {
            InetAddress address = InetAddress.ofLiteral(name);
            return address.isLoopbackAddress() || address.isAnyLocalAddress();
        }
        catch (IllegalArgumentException ex) {
            return false;
        }
    }

}
