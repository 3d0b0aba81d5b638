package dev.dejavu.cache;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The addresses that the text of a host is, in any spelling that a program reads. Asks no
 * name server.
 */
final class HostAddresses {

    private static final Pattern NUMBERS = Pattern.compile("(?:(?:0x[0-9a-f]+|[0-9]+)(?:\\.(?!$)|$)){1,4}");

    /** As in {@code app.10.0.0.1.nip.io} and {@code app-10-0-0-1.nip.io}. */
    private static final Pattern QUAD = Pattern
        .compile("(?<![0-9a-z])(?=(\\d{1,3})[.-](\\d{1,3})[.-](\\d{1,3})[.-](\\d{1,3})(?![0-9a-z]))");

    /** As in {@code app-0a000001.nip.io}. */
    private static final Pattern HEX = Pattern.compile("(?<![0-9a-z])[0-9a-f]{8}$");

    private HostAddresses() {
    }

    /**
     * The addresses that a name is: several if programs read it in several ways.
     * @param name in lower case, an IPv6 address without its brackets
     */
    static List<InetAddress> of(String name) {
        if (name.contains(":")) {
            return literal(name.replaceFirst("%.*", "")).flatMap(HostAddresses::withoutIpv6).toList();
        }
        if (!NUMBERS.matcher(name).matches()) {
            return List.of();
        }
        // A leading zero makes it octal for some and means nothing for others.
        return IntStream.of(8, 10).boxed().flatMap((radix) -> ipv4(name.split("\\.", -1), radix)).distinct().toList();
    }

    /**
     * The addresses that a name contains, as those of nip.io and sslip.io do.
     * @param name in lower case, without the domain of that service
     */
    static List<InetAddress> within(String name) {
        Stream<String> quads = QUAD.matcher(name)
            .results()
            .map((quad) -> String.join(".", quad.group(1), quad.group(2), quad.group(3), quad.group(4)));
        Matcher hex = HEX.matcher(name);
        Stream<String> hexes = hex.find() ? Stream.of("0x" + hex.group()) : Stream.of();
        String label = name.substring(name.lastIndexOf('.') + 1);
        Stream<String> ipv6 = label.contains("-") ? Stream.of(label.replace('-', ':')) : Stream.of();
        return Stream.of(quads, hexes, ipv6).flatMap((texts) -> texts).flatMap((text) -> of(text).stream()).toList();
    }

    /** The last part stands for all bytes that are left. */
    private static Stream<InetAddress> ipv4(String[] parts, int radix) {
        long bits = 0;
        try {
            for (int i = 0; i < parts.length; i++) {
                boolean isLast = i == parts.length - 1;
                long part = number(parts[i], radix);
                if (part >= (isLast ? 1L << (8 * (5 - parts.length)) : 256)) {
                    return Stream.of();
                }
                bits |= isLast ? part : part << (8 * (3 - i));
            }
        }
        catch (NumberFormatException ex) {
            return Stream.of();
        }
        return literal((bits >> 24) + "." + (bits >> 16 & 0xff) + "." + (bits >> 8 & 0xff) + "." + (bits & 0xff));
    }

    private static long number(String part, int radix) {
        return part.startsWith("0x") ? Long.parseLong(part.substring(2), 16)
                : Long.parseLong(part, part.startsWith("0") ? radix : 10);
    }

    /** The IPv4 address within an IPv6 one: compatible, NAT64 or 6to4; else itself. */
    private static Stream<InetAddress> withoutIpv6(InetAddress address) {
        if (!(address instanceof Inet6Address ipv6) || address.isLoopbackAddress() || address.isAnyLocalAddress()) {
            return Stream.of(address);
        }
        byte[] bytes = ipv6.getAddress();
        boolean isAtTheEnd = ipv6.isIPv4CompatibleAddress() || ipv6.getHostAddress().startsWith("64:ff9b:0:0:0:0:");
        int from = isAtTheEnd ? 12 : (bytes[0] == 0x20 && bytes[1] == 0x02) ? 2 : -1;
        return (from < 0) ? Stream.of(address)
                : literal(IntStream.range(from, from + 4)
                    .mapToObj((i) -> String.valueOf(bytes[i] & 0xff))
                    .collect(Collectors.joining(".")));
    }

    private static Stream<InetAddress> literal(String text) {
        try {
            return Stream.of(InetAddress.ofLiteral(text));
        }
        catch (IllegalArgumentException ex) {
            return Stream.of();
        }
    }

}
