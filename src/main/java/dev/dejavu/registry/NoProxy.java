package dev.dejavu.registry;

import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

/**
 * Hosts that are asked directly, although there is a proxy.
 */
final class NoProxy {

    static final NoProxy NONE = new NoProxy(List.of());

    private final List<Rule> rules;

    @FunctionalInterface
    private interface Rule {

        /**
         * Whether a host is meant.
         * @param address that the host is written as
         */
        boolean matches(String host, @Nullable InetAddress address, int port);

    }

    private NoProxy(List<Rule> rules) {
        this.rules = rules;
    }

    /**
     * Reads a list as in {@code NO_PROXY}: {@code example.com} with all below it,
     * {@code .example.com} or {@code *.example.com} with what is below it alone, an
     * address, a network as in {@code 10.0.0.0/8}, any of these with {@code :port}, or
     * {@code *}.
     * @throws IllegalArgumentException for a network that is none
     */
    static NoProxy of(Collection<String> list) {
        return new NoProxy(list.stream()
            .map((text) -> text.strip().toLowerCase(Locale.ROOT))
            .filter((text) -> !text.isEmpty())
            .map(NoProxy::rule)
            .toList());
    }

    /** Reads a list as in {@code http.nonProxyHosts}, with {@code |} and {@code *}. */
    static NoProxy ofJava(String list) {
        return new NoProxy(Stream.of(list.split("\\|"))
            .map((text) -> HostPattern.of(text.strip()))
            .<Rule>map((pattern) -> (host, _, _) -> pattern.matches(host))
            .toList());
    }

    private static Rule rule(String text) {
        if (text.equals("*")) {
            return (_, _, _) -> true;
        }
        if (text.indexOf('/') >= 0) {
            return network(text);
        }
        boolean isAddress = HostPattern.address(text) != null;
        String name = isAddress ? text : ImageReference.withoutPort(text);
        String portText = text.substring(name.length());
        String bare = name.replaceAll("^\\[|]$", "");
        InetAddress literal = HostPattern.address(bare);
        String below = bare.replaceFirst("^\\*?\\.", "");
        boolean isBelowAlone = !below.equals(bare);
        return (host, address, port) -> {
            boolean isHost = (literal != null) ? literal.equals(address)
                    : host.endsWith("." + below) || (!isBelowAlone && host.equals(below));
            return isHost && (portText.isEmpty() || portText.equals(":" + port));
        };
    }

    private static Rule network(String text) {
        String[] parts = text.split("/", 2);
        byte[] network = InetAddress.ofLiteral(parts[0]).getAddress();
        int bits = Integer.parseInt(parts[1]);
        if (bits < 0 || bits > network.length * 8) {
            throw new IllegalArgumentException(text);
        }
        return (_, address, _) -> address != null && isIn(address.getAddress(), network, bits);
    }

    private static boolean isIn(byte[] address, byte[] network, int bits) {
        if (address.length != network.length) {
            return false;
        }
        for (int i = 0; i < bits; i++) {
            int mask = 0x80 >> (i % 8);
            if ((address[i / 8] & mask) != (network[i / 8] & mask)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Whether a host is asked directly.
     * @param host a name or an address
     */
    boolean matches(String host, int port) {
        String bare = ImageReference.canonicalHost(host, -1).replaceAll("^\\[|]$", "");
        InetAddress address = HostPattern.address(bare);
        return rules.stream().anyMatch((rule) -> rule.matches(bare, address, port));
    }

}
