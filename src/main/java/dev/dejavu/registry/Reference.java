package dev.dejavu.registry;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * Where an image is asked for.
 *
 * @param host {@code host} or {@code host:port} in lower case
 * @param name of the repository within it
 * @param version the digest if there is one, else the tag
 */
record Reference(String host, String name, String version) {

    private static final Pattern FORM = Pattern
        .compile("(?<host>[^/]+)/(?<name>[^:@]+)(?::(?<tag>[^@]+))?(?:@(?<digest>.+))?");

    private static final String DOCKER_HUB = "docker.io";

    /**
     * Reads a reference whose registry is named.
     * @return {@code null} when it is none
     */
    static @Nullable Reference parse(String imageUri) {
        Matcher matcher = FORM.matcher(imageUri);
        if (!matcher.matches()) {
            return null;
        }
        String version = (matcher.group("digest") != null) ? matcher.group("digest") : matcher.group("tag");
        String host = matcher.group("host").toLowerCase(Locale.ROOT);
        String name = matcher.group("name");
        boolean official = host.equals(DOCKER_HUB) && name.indexOf('/') < 0;
        return (version != null) ? new Reference(host, official ? "library/" + name : name, version) : null;
    }

    /** The host that speaks for the one that is written. */
    String endpoint() {
        return host.equals(DOCKER_HUB) ? "registry-1.docker.io" : host;
    }

}
