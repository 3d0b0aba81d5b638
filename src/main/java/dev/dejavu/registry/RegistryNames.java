package dev.dejavu.registry;

import java.util.Collection;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The one name of each registry, for those that have several, and how it is spoken to.
 */
final class RegistryNames {

    private static final int NO_PORT = -1;

    private final Set<String> plainHttp;

    /**
     * The names of all registries.
     * @param plainHttp {@code host} or {@code host:port} of those without TLS
     */
    RegistryNames(Collection<String> plainHttp) {
        this.plainHttp = plainHttp.stream()
            .map((host) -> ImageReference.canonicalHost(host, NO_PORT))
            .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * The one name of a registry: in lower case, without the port that its scheme has
     * anyway.
     * @param host {@code host} or {@code host:port}
     */
    String canonical(String host) {
        String withPort = ImageReference.canonicalHost(host, NO_PORT);
        int port = plainHttp.contains(ImageReference.withoutPort(withPort)) ? 80 : 443;
        return ImageReference.canonicalHost(withPort, port);
    }

    /** The same image, by the one name of its registry and repository. */
    ImageReference canonical(ImageReference reference) {
        return reference.in(canonical(reference.registry()));
    }

    /** {@code http} or {@code https}. */
    String scheme(String host) {
        return plainHttp.contains(canonical(host)) ? "http" : "https";
    }

}
