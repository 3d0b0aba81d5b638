package dev.dejavu.registry;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What a Docker {@code config.json} says about logins, also one that podman, az, gcloud
 * or a person wrote. Of several keys that match, the longest one counts.
 *
 * @see <a href="https://docs.docker.com/reference/cli/docker/login/">docker login</a>
 * @see <a href=
 * "https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md">containers-auth.json(5)</a>
 */
final class DockerConfig {

    /** How Docker calls its Hub. */
    private static final String DOCKER_HUB_URL = "https://index.docker.io/v1/";

    /** Helpers that keep what somebody logged in to, which also makes an entry here. */
    private static final Set<String> KEYCHAINS = Set.of("desktop", "osxkeychain", "pass", "secretservice", "wincred");

    /** By {@code host[:port]}, with or without the begin of a name. */
    private final Map<String, DockerAuth> auths = new HashMap<>();

    /** Names of credential helpers, by the same. */
    private final Map<String, String> helpers = new HashMap<>();

    /** The helper for all others; empty for none. */
    private final String store;

    private final List<String> problems = new ArrayList<>();

    /**
     * Reads a configuration.
     * @param runs whether a credential helper may be run
     */
    DockerConfig(JsonNode config, Predicate<String> runs) {
        this.store = config.path("credsStore").asString("");
        if (!store.isEmpty() && !runs.test(store)) {
            problems.add("credsStore: " + notRun(store));
        }
        config.path("credHelpers").forEachEntry((server, name) -> addHelper(server, name.asString(""), runs));
        config.path("auths").forEachEntry((server, entry) -> addAuth(server, DockerAuth.parse(entry)));
    }

    private void addHelper(String server, String name, Predicate<String> runs) {
        String key = key(server);
        if (key == null || key.matches(".*[/*].*")) {
            problems.add("credHelpers " + withoutUser(server) + ": is not used, as it is no host");
        }
        else {
            helpers.put(key, name);
            if (!name.isEmpty() && !runs.test(name)) {
                problems.add("credHelpers " + key + ": " + notRun(name));
            }
        }
    }

    private static String notRun(String helper) {
        return "docker-credential-" + helper + " is not run, unless dejavu.registry.credential-helpers lists it";
    }

    private void addAuth(String server, DockerAuth auth) {
        String key = key(server);
        if (key == null) {
            return;
        }
        String problem = key.contains("*") ? "is not used, as it is no host" : auth.problem();
        if (problem != null) {
            problems.add("auths " + withoutUser(server) + ": " + problem);
        }
        boolean isUsual = server.equals(key) || server.equals(DOCKER_HUB_URL);
        auths.merge(key, auth, (old, other) -> {
            int better = Integer.compare(rank(other), rank(old));
            return (better > 0 || (better == 0 && isUsual)) ? other : old;
        });
    }

    /** Of two keys of one registry, the better one counts, then the usual one. */
    private static int rank(DockerAuth auth) {
        return (auth.credentials() != null) ? 2 : (auth.problem() != null) ? 1 : 0;
    }

    /** What is in it and cannot be used, for people. */
    List<String> problems() {
        return List.copyOf(problems);
    }

    /** The credential helper of a registry; {@code null} for none. */
    @Nullable String helper(ImageReference reference) {
        String name = helpers.getOrDefault(hostOf(reference), store);
        return name.isEmpty() ? null : name;
    }

    /** Whether a helper is for this registry alone, and so must have a login for it. */
    boolean hasOwnHelper(ImageReference reference) {
        return !helpers.getOrDefault(hostOf(reference), "").isEmpty();
    }

    /** Whether a helper must have a login for a repository. */
    boolean hasLoginElsewhere(ImageReference reference) {
        return hasOwnHelper(reference)
                || (helper(reference) != null && keys(reference).stream().anyMatch(auths::containsKey));
    }

    /**
     * Whether the helper of a repository may have a login for it, if it is not asked. One
     * of a cloud makes logins by itself, and nothing here tells for what.
     */
    boolean mayHaveLoginElsewhere(ImageReference reference) {
        String helper = helper(reference);
        return hasLoginElsewhere(reference) || (helper != null && !KEYCHAINS.contains(helper));
    }

    /**
     * The credentials in {@code auths}.
     * @return {@code null} when it has none for the repository
     * @throws RegistryException when they cannot be read
     */
    @Nullable Credentials credentials(ImageReference reference) throws RegistryException {
        for (String key : keys(reference)) {
            DockerAuth auth = auths.get(key);
            if (auth != null && auth.problem() != null) {
                throw new RegistryException(ImageStatus.Reason.LOGIN_UNAVAILABLE,
                        "auths " + key + ": " + auth.problem());
            }
            if (auth != null && auth.credentials() != null) {
                return auth.credentials();
            }
        }
        return null;
    }

    /** How Docker names a registry to a credential helper. */
    static String serverOf(ImageReference reference) {
        String host = hostOf(reference);
        return host.equals("docker.io") ? DOCKER_HUB_URL : host;
    }

    /** The keys that match a repository, the longest one first. */
    private static List<String> keys(ImageReference reference) {
        List<String> keys = new ArrayList<>();
        String key = hostOf(reference) + "/" + reference.apiName();
        for (int end = key.length(); end > 0; end = key.lastIndexOf('/', end - 1)) {
            keys.add(key.substring(0, end));
        }
        return keys;
    }

    /**
     * Reads a key.
     * @return {@code host[:port]}, with or without the begin of a name; {@code null} for
     * what Docker's login in the browser keeps besides
     */
    private static @Nullable String key(String server) {
        String url = withoutUser(server).strip().toLowerCase(Locale.ROOT);
        String[] parts = url.replaceFirst("^https?://", "").split("/", 2);
        String path = (parts.length > 1) ? parts[1].replaceFirst("/+$", "") : "";
        if (path.matches("v[12]/(access|refresh)-token")) {
            return null;
        }
        path = path.replaceFirst(url.contains("://") ? "^v[12](/|$)" : "^v[12]$", "");
        return ImageReference.canonicalHost(parts[0], 443) + (path.isEmpty() ? "" : "/" + path);
    }

    private static String hostOf(ImageReference reference) {
        return ImageReference.canonicalHost(reference.registry(), 443);
    }

    private static String withoutUser(String server) {
        return server.replaceFirst("^(\\w+://)?[^/]*@", "$1");
    }

}
