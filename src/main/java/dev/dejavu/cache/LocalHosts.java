package dev.dejavu.cache;

import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import com.github.benmanes.caffeine.cache.CacheLoader;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;

/**
 * Hosts that mean something else on every machine. Asks no name server.
 */
public final class LocalHosts {

    private static final Set<String> NAMES = Set.of("localhost", "localhost.localdomain", "ip6-localhost",
            "ip6-loopback");

    private static final Set<String> OTHER_NAMES = Set.of("localhost4", "localhost6", "localhost4.localdomain4",
            "localhost6.localdomain6");

    /** Public names that lead to 127.0.0.1, with all that is under them. */
    private static final Set<String> LOOPBACK_DOMAINS = Set.of("localtest.me", "lvh.me", "vcap.me", "lacolhost.com",
            "localho.st", "local.gd", "ddev.site", "lndo.site");

    /** Domains of names that contain their address. */
    private static final Set<String> ADDRESS_DOMAINS = Set.of("nip.io", "sslip.io", "xip.io", "traefik.me");

    /** What containers and virtual machines call the machine that they run on. */
    private static final Pattern OUTSIDE = Pattern.compile("host\\.[^.]+\\.internal");

    /** Domains of clusters on one machine, and of what is within any cluster. */
    private static final Set<String> CLUSTER_DOMAINS = Set.of("minikube", "minikube.internal", "k3d.internal",
            "containers.internal", "lima.internal", "rancher-desktop.internal", "orb.internal", "orb.local",
            "crc.testing", "apps-crc.testing", "mshome.net", "multipass", "svc", "cluster.local");

    /** The nodes of kind and k3d. */
    private static final Pattern CLUSTER_NODE = Pattern
        .compile("[^.]+-control-plane\\d*|k3d-[^.]+-(?:server|agent|serverlb)[^.]*");

    /**
     * The networks of minikube, Docker, kind, k3d, Lima and Colima, OrbStack, CRC, Podman
     * and libvirt, each an address up to a dot or a colon.
     */
    private static final List<String> CLUSTER_NETWORKS = List.of("172.17.", "172.18.", "192.168.39.", "192.168.49.",
            "192.168.58.", "192.168.59.", "192.168.64.", "192.168.65.", "192.168.67.", "192.168.99.", "192.168.105.",
            "192.168.106.", "192.168.122.", "192.168.127.", "192.168.130.", "192.168.138.", "192.168.139.",
            "198.19.248.", "198.19.249.", "10.152.183.", "fc00:f853:ccd:e793:", "fd07:b51a:cc66:");

    /** Every request and every value has a host, and almost always one of a few. */
    private static final LoadingCache<String, Boolean> THIS_MACHINE = remember(LocalHosts::isThisMachine);

    private static final LoadingCache<String, Boolean> ONE_MACHINE = remember(LocalHosts::isOfOneMachineByName);

    /** As long as a name can be; more is not remembered. */
    private static final int MAX_LENGTH = 255;

    private LocalHosts() {
    }

    /**
     * Whether the host is this machine as seen from itself: {@code localhost} (RFC 6761),
     * Docker's names for it, 127.0.0.0/8, ::1, or no address at all (0.0.0.0, ::).
     * @param host without port, an IPv6 address with or without its brackets
     */
    public static boolean contains(String host) {
        return (host.length() > MAX_LENGTH) ? isThisMachine(host) : THIS_MACHINE.get(host);
    }

    private static boolean isThisMachine(String host) {
        String name = normalized(host);
        return NAMES.contains(name) || isUnder(name, Set.of("localhost", "docker.internal"))
                || HostAddresses.of(name).stream().anyMatch(LocalHosts::isOwn);
    }

    /**
     * Whether the host is this machine, or in another way one that only one machine can
     * reach: link-local, {@code localtest.me} and its kind, a name of nip.io or sslip.io
     * with such an address.
     * @param host as for {@link #contains}
     */
    public static boolean isOfOneMachine(String host) {
        return (host.length() > MAX_LENGTH) ? isOfOneMachineByName(host) : ONE_MACHINE.get(host);
    }

    private static boolean isOfOneMachineByName(String host) {
        String name = normalized(host);
        return isThisMachine(name) || OTHER_NAMES.contains(name) || isUnder(name, LOOPBACK_DOMAINS)
                || OUTSIDE.matcher(name).matches()
                || addresses(name).anyMatch((address) -> isOwn(address) || address.isLinkLocalAddress());
    }

    /**
     * Whether the host, unless somebody says otherwise, is in a cluster on one machine or
     * reached from within a cluster only: minikube, kind, k3d, Docker Desktop and others,
     * any name of nip.io or sslip.io, {@code *.svc.cluster.local}.
     * @param host as for {@link #contains}
     */
    public static boolean isClusterOfOneMachine(String host) {
        String name = normalized(host);
        return isUnder(name, CLUSTER_DOMAINS) || isUnder(name, ADDRESS_DOMAINS) || CLUSTER_NODE.matcher(name).matches()
                || addresses(name).map(InetAddress::getHostAddress)
                    .anyMatch((address) -> CLUSTER_NETWORKS.stream().anyMatch(address::startsWith));
    }

    private static LoadingCache<String, Boolean> remember(CacheLoader<String, Boolean> test) {
        return Caffeine.newBuilder().maximumSize(1000).executor(Runnable::run).build(test);
    }

    /** The same host in lower case, without brackets and without dots at its end. */
    static String normalized(String host) {
        return host.toLowerCase(Locale.ROOT).replaceAll("^\\[|]?\\.*$", "");
    }

    private static boolean isOwn(InetAddress address) {
        return address.isLoopbackAddress() || address.isAnyLocalAddress();
    }

    private static Stream<InetAddress> addresses(String name) {
        return isUnder(name, ADDRESS_DOMAINS) ? HostAddresses.within(name.substring(0, domainStart(name))).stream()
                : HostAddresses.of(name).stream();
    }

    /** Where the domain of the service begins, with its dot if there is one. */
    private static int domainStart(String name) {
        return Math.max(name.lastIndexOf('.', name.lastIndexOf('.') - 1), 0);
    }

    private static boolean isUnder(String name, Set<String> domains) {
        return domains.stream().anyMatch((domain) -> name.equals(domain) || name.endsWith("." + domain));
    }

}
