package dev.dejavu.registry;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.apache.hc.client5.http.DnsResolver;

/**
 * The only hosts that the service connects to, and the only addresses: a name that merely
 * matches a pattern must not lead into the network of this machine.
 */
final class AllowList implements DnsResolver {

    /** In the setting it stands for {@link WellKnownRegistries}. */
    static final String WELL_KNOWN = "well-known";

    private final List<HostPattern> registries;

    private final List<HostPattern> tokenServers;

    private final List<HostPattern> blobs;

    /** Names without port and pattern in the settings. */
    private final Set<String> named;

    private final RegistryNames names;

    private final DnsResolver addresses;

    /**
     * An allow list.
     * @param allowed as in the settings
     * @param mirrors hosts that only the settings lead to, and which may have an internal
     * address
     */
    AllowList(List<String> allowed, List<String> mirrors, RegistryNames names, DnsResolver addresses) {
        boolean wellKnown = allowed.contains(WELL_KNOWN);
        this.registries = Stream.concat(
                allowed.stream().filter((host) -> !host.equals(WELL_KNOWN)).map(names::canonical).map(HostPattern::of),
                wellKnown(wellKnown, WellKnownRegistries.REGISTRIES))
            .toList();
        this.tokenServers = wellKnown(wellKnown, WellKnownRegistries.TOKEN_SERVERS).toList();
        this.blobs = wellKnown(wellKnown, WellKnownRegistries.BLOBS).toList();
        this.named = Stream.concat(allowed.stream(), mirrors.stream())
            .filter((host) -> !host.contains("*"))
            .map(AllowList::bareHost)
            .collect(Collectors.toUnmodifiableSet());
        this.names = names;
        this.addresses = addresses;
    }

    private static Stream<HostPattern> wellKnown(boolean isAllowed, List<String> hosts) {
        return isAllowed ? hosts.stream().map(HostPattern::ofLabels) : Stream.of();
    }

    private static String bareHost(String host) {
        return ImageReference.withoutPort(ImageReference.canonicalHost(host, -1)).replaceAll("^\\[|]$", "");
    }

    /**
     * Whether a client may name this registry.
     * @param host {@code host} or {@code host:port}
     */
    boolean permits(String host) {
        return matches(registries, host);
    }

    /** The pattern that permits it. */
    String matchingPattern(String host) {
        String name = names.canonical(host);
        return registries.stream()
            .filter((pattern) -> pattern.matches(name))
            .map(HostPattern::text)
            .findFirst()
            .orElse("none");
    }

    /** Whether a registry may name it as its token server. */
    boolean permitsToken(String host) {
        return permits(host) || matches(tokenServers, host);
    }

    /** Whether a registry may redirect there for blobs. */
    boolean permitsBlob(String host) {
        return permits(host) || matches(blobs, host);
    }

    private boolean matches(List<HostPattern> patterns, String host) {
        String name = names.canonical(host);
        return patterns.stream().anyMatch((pattern) -> pattern.matches(name));
    }

    @Override
    public InetAddress[] resolve(String host) throws UnknownHostException {
        InetAddress[] found = addresses.resolve(host);
        if (!named.contains(bareHost(host))) {
            for (InetAddress address : found) {
                requireExternal(host, address);
            }
        }
        return found;
    }

    private static void requireExternal(String host, InetAddress address) throws InternalAddressException {
        if (isInternal(address)) {
            throw new InternalAddressException(host, address);
        }
    }

    /**
     * Refuses a host that is written as an internal address: all that can be said when a
     * proxy looks up names.
     */
    void requireExternalName(String host) throws InternalAddressException {
        String bare = bareHost(host);
        if (!named.contains(bare)) {
            InetAddress address = HostPattern.address(bare);
            if (address != null) {
                requireExternal(host, address);
            }
        }
    }

    @Override
    public String resolveCanonicalHostname(String host) throws UnknownHostException {
        return addresses.resolveCanonicalHostname(host);
    }

    /**
     * Addresses that are unreachable from outside (RFC 6890); also 100.64.0.0/10 of
     * carriers, fc00::/7, and IPv4 within IPv6 (NAT64 and 6to4), which may be any of
     * them.
     */
    private static boolean isInternal(InetAddress address) {
        byte[] bytes = address.getAddress();
        int first = bytes[0] & 0xff;
        int second = bytes[1] & 0xff;
        boolean special = (bytes.length == 4)
                ? first == 0 || first >= 224 || (first == 100 && second >= 64 && second < 128)
                        || (first == 198 && (second == 18 || second == 19)) || (first == 192 && second == 0)
                : (first & 0xfe) == 0xfc || (first == 0 && second == 0x64) || (first == 0x20 && second == 0x02);
        return special || address.isLoopbackAddress() || address.isAnyLocalAddress() || address.isLinkLocalAddress()
                || address.isSiteLocalAddress() || address.isMulticastAddress();
    }

}
