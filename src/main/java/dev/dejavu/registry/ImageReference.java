package dev.dejavu.registry;

import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * An OCI reference: {@code host[:port]/name}, then a tag, a digest or both.
 *
 * @param registry {@code host} or {@code host:port} in lower case; empty when none is
 * named
 * @param name of the repository in its registry
 * @see <a href="https://github.com/distribution/reference">the grammar</a>
 */
public record ImageReference(String registry, String name, @Nullable String tag, @Nullable String digest) {

    /** Characters of a reference. */
    public static final int MAX_LENGTH = 512;

    private static final String DOCKER_HUB = "docker.io";

    /** Hosts that speak for it. */
    private static final Set<String> DOCKER_HUB_HOSTS = Set.of("index.docker.io", "registry-1.docker.io",
            "registry.hub.docker.com");

    private static final String OFFICIAL = "library/";

    // Possessive throughout: what a hostile text matched is never tried again.
    private static final String LABEL = "[a-zA-Z0-9]++(?:-++[a-zA-Z0-9]++)*+";

    private static final String HOST = LABEL + "(?:\\." + LABEL + ")*+\\.?+|\\[[0-9a-fA-F:.]++]";

    private static final String COMPONENT = "[a-z0-9]++(?:(?:\\.|__?+|-++)[a-z0-9]++)*+";

    private static final Pattern FORM = Pattern.compile("(?:(?<first>(?:" + HOST + ")(?<port>:[0-9]{1,5})?)/)?(?<name>"
            + COMPONENT + "(?:/" + COMPONENT + ")*+)" + "(?::(?<tag>\\w[\\w.-]{0,127}))?"
            + "(?:@(?<digest>sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}))?");

    /** A first component like {@code library} is part of the name. */
    private static final Pattern NO_REGISTRY = Pattern.compile("(?!localhost$)[^.:A-Z]+");

    /**
     * Reads a reference.
     * @return {@code null} when it is none, is too long, or has neither tag nor digest
     */
    public static @Nullable ImageReference parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (text.length() > MAX_LENGTH || !matcher.matches()
                || (matcher.group("tag") == null && matcher.group("digest") == null)) {
            return null;
        }
        String first = matcher.group("first");
        String name = matcher.group("name");
        boolean hasRegistry = first != null && !NO_REGISTRY.matcher(first).matches();
        return new ImageReference(hasRegistry ? first.toLowerCase(Locale.ROOT) : "",
                (first == null || hasRegistry) ? name : first + "/" + name, matcher.group("tag"),
                matcher.group("digest"));
    }

    /** The registry without its port. */
    public String host() {
        return withoutPort(registry);
    }

    static String withoutPort(String host) {
        int colon = host.lastIndexOf(':');
        return (colon > host.lastIndexOf(']')) ? host.substring(0, colon) : host;
    }

    /**
     * The one name of a host: in lower case, without the dot that may end it, without a
     * port that is the default one, and Docker Hub by its own name.
     * @param host {@code host} or {@code host:port}
     */
    static String canonicalHost(String host, int defaultPort) {
        String lower = host.toLowerCase(Locale.ROOT);
        String name = withoutPort(lower);
        String port = lower.substring(name.length());
        String bare = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        String whole = port.equals(":" + defaultPort) ? bare : bare + port;
        return DOCKER_HUB_HOSTS.contains(whole) ? DOCKER_HUB : whole;
    }

    /** The same reference, with the one name that its repository has in a registry. */
    ImageReference in(String canonicalRegistry) {
        boolean isOfficial = canonicalRegistry.equals(DOCKER_HUB) && name.startsWith(OFFICIAL)
                && name.indexOf('/', OFFICIAL.length()) < 0;
        return new ImageReference(canonicalRegistry, isOfficial ? name.substring(OFFICIAL.length()) : name, tag,
                digest);
    }

    /**
     * Registry and name, the same for all spellings of a repository, as in
     * {@code docker.io/debian} for {@code index.docker.io/library/debian}.
     */
    public String canonicalRepository() {
        return in(canonicalHost(registry, 443)).repository();
    }

    /** How else its repository is spelled, in lower case: most of the ways. */
    public Set<String> spellings() {
        ImageReference canonical = in(canonicalHost(registry, 443));
        Set<String> hosts = new LinkedHashSet<>(Set.of(canonical.registry()));
        Set<String> names = new LinkedHashSet<>(Set.of(canonical.name()));
        if (canonical.isOfDockerHub()) {
            hosts.addAll(DOCKER_HUB_HOSTS);
            names.add(canonical.apiName());
        }
        Set<String> spellings = new LinkedHashSet<>(Set.of(repository().toLowerCase(Locale.ROOT)));
        for (String host : hosts) {
            names.forEach((one) -> spellings.addAll(Set.of(host + "/" + one, host + ":443/" + one)));
        }
        return spellings;
    }

    /** Registry and name, as registries call the image in their events. */
    public String repository() {
        return registry.isEmpty() ? name : registry + "/" + name;
    }

    /** The digest if there is one, else the tag. */
    String tagOrDigest() {
        return (digest != null) ? digest : String.valueOf(tag);
    }

    /** Whether its registry is Docker Hub, by its one name. */
    boolean isOfDockerHub() {
        return registry.equals(DOCKER_HUB);
    }

    /** The host that speaks for the registry. */
    String endpoint() {
        return registry.equals(DOCKER_HUB) ? "registry-1.docker.io" : registry;
    }

    /**
     * The name in the registry's API, where Docker Hub's official images have a prefix.
     */
    String apiName() {
        return (registry.equals(DOCKER_HUB) && name.indexOf('/') < 0) ? OFFICIAL + name : name;
    }

}
