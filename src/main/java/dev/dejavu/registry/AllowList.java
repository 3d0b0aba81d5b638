package dev.dejavu.registry;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.SystemDefaultDnsResolver;

/**
 * The only hosts that the service connects to, and the only addresses: a name that merely
 * matches a pattern must not lead into the network of this machine.
 */
final class AllowList implements DnsResolver {

    /** In the setting it stands for {@link #REGISTRIES}. */
    static final String WELL_KNOWN = "well-known";

    private static final List<String> REGISTRIES = List.of("docker.io", "registry-1.docker.io", "ghcr.io", "quay.io",
            "gcr.io", "*.gcr.io", "*.pkg.dev", "public.ecr.aws", "*.dkr.ecr.*.amazonaws.com", "*.azurecr.io",
            "registry.gitlab.com", "mcr.microsoft.com", "registry.k8s.io", "*.jfrog.io");

    private static final String LABELS = "[a-z0-9.-]+";

    /** Token servers of the well-known registries that have one elsewhere. */
    private static final List<String> TOKENS = List.of("auth.docker.io", "gitlab.com");

    /**
     * Where the well-known registries redirect to for blobs. A client cannot name them
     * and they get no password, as some of them serve anything that anyone uploads.
     */
    private static final List<String> BLOBS = List.of("production.cloudflare.docker.com", "*.r2.cloudflarestorage.com",
            "pkg-containers.githubusercontent.com", "*.quay.io", "cdn.registry.gitlab-static.net",
            "storage.googleapis.com", "*.cloudfront.net", "*.s3.amazonaws.com", "*.s3.*.amazonaws.com",
            "*.blob.core.windows.net", "*.data.mcr.microsoft.com");

    private final List<Pattern> registries;

    private final List<Pattern> tokens;

    private final List<Pattern> blobs;

    /** Names without port and pattern in the settings. */
    private final Set<String> named;

    private final DnsResolver names;

    AllowList(List<String> allowed, DnsResolver names) {
        boolean wellKnown = allowed.contains(WELL_KNOWN);
        this.registries = patterns(Stream.concat(allowed.stream(), wellKnown ? REGISTRIES.stream() : Stream.of()));
        this.tokens = patterns(wellKnown ? TOKENS.stream() : Stream.of());
        this.blobs = patterns(wellKnown ? BLOBS.stream() : Stream.of());
        this.named = allowed.stream()
            .filter((host) -> !host.contains("*"))
            .map((host) -> withoutPort(host.toLowerCase(Locale.ROOT)))
            .collect(Collectors.toUnmodifiableSet());
        this.names = names;
    }

    AllowList(List<String> allowed) {
        this(allowed, SystemDefaultDnsResolver.INSTANCE);
    }

    private static List<Pattern> patterns(Stream<String> hosts) {
        return hosts
            .map((host) -> Stream.of(host.toLowerCase(Locale.ROOT).split("\\*", -1))
                .map(Pattern::quote)
                .collect(Collectors.joining(LABELS)))
            .map(Pattern::compile)
            .toList();
    }

    private static String withoutPort(String host) {
        return host.replaceFirst(":\\d+$", "").replaceAll("^\\[|]$", "");
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
        return registries.stream()
            .filter((pattern) -> pattern.matcher(host).matches())
            .map((pattern) -> pattern.pattern().replace("\\Q", "").replace("\\E", "").replace(LABELS, "*"))
            .findFirst()
            .orElse("none");
    }

    /** Whether a registry may name it as its token server. */
    boolean permitsToken(String host) {
        return permits(host) || matches(tokens, host);
    }

    /** Whether a registry may redirect there for blobs. */
    boolean permitsBlob(String host) {
        return permits(host) || matches(blobs, host);
    }

    private static boolean matches(List<Pattern> patterns, String host) {
        String name = host.toLowerCase(Locale.ROOT);
        return patterns.stream().anyMatch((pattern) -> pattern.matcher(name).matches());
    }

    @Override
    public InetAddress[] resolve(String host) throws UnknownHostException {
        InetAddress[] addresses = names.resolve(host);
        if (!named.contains(withoutPort(host.toLowerCase(Locale.ROOT)))) {
            for (InetAddress address : addresses) {
                if (isInternal(address)) {
                    throw new UnknownHostException(host + " has an internal address");
                }
            }
        }
        return addresses;
    }

    @Override
    public String resolveCanonicalHostname(String host) throws UnknownHostException {
        return names.resolveCanonicalHostname(host);
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
