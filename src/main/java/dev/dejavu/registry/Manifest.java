package dev.dejavu.registry;

import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The parts of a manifest or of an index that a check needs.
 *
 * @param isIndex whether it has children, maybe none, and no config
 * @param children in the order of the index
 * @param config the digest of an image's config; an artifact, which is no image, has none
 * @see <a href=
 * "https://github.com/opencontainers/image-spec/blob/main/image-index.md">image index</a>
 */
record Manifest(String digest, boolean isIndex, List<Child> children, @Nullable String config) {

    /** No real index has as many. */
    private static final int MAX_CHILDREN = 1000;

    private static final Set<String> MANIFEST_TYPES = Set.of("application/vnd.oci.image.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.v2+json");

    private static final Set<String> INDEX_TYPES = Set.of("application/vnd.oci.image.index.v1+json",
            "application/vnd.docker.distribution.manifest.list.v2+json");

    /** Also what Docker and old registries have named it. */
    private static final Set<String> CONFIG_TYPES = Set.of("", "application/vnd.oci.image.config.v1+json",
            "application/vnd.docker.container.image.v1+json", "application/octet-stream", "application/json",
            "text/html");

    /** Of those that may be for a platform. */
    private static final Comparator<Child> PREFERENCE = Comparator.comparing(Child::isUnclear)
        .thenComparing(Child::platform, Comparator.nullsLast(Platform.LATEST_FIRST));

    /**
     * A manifest, or an index, that an index names.
     *
     * @param mediaType empty when it names none
     * @param platform {@code null} when it names none, or half of one
     * @param isUnclear whether it names half a platform, or features that a node must
     * have
     */
    record Child(String digest, String mediaType, @Nullable Platform platform, boolean isUnclear) {

        /** Whether it is named as a manifest, not as an index or as nothing. */
        boolean isManifest() {
            return MANIFEST_TYPES.contains(mediaType);
        }

    }

    /**
     * Reads one.
     * @param declared the media types that it was announced with
     * @return {@code null} when it is neither, or could be taken for both
     */
    static @Nullable Manifest parse(String digest, JsonNode json, String... declared) {
        boolean isIndex = json.path("manifests").isArray();
        boolean isOther = isIndex ? json.has("config") || json.has("layers") : json.has("manifests");
        Set<String> otherTypes = isIndex ? MANIFEST_TYPES : INDEX_TYPES;
        if (isOther || json.has("fsLayers") || otherTypes.contains(json.path("mediaType").asString(""))
                || List.of(declared).stream().anyMatch(otherTypes::contains)) {
            return null;
        }
        if (isIndex) {
            List<Child> children = json.path("manifests")
                .valueStream()
                .map(Manifest::child)
                .filter(Objects::nonNull)
                .toList();
            int all = json.path("manifests").size();
            return (all <= MAX_CHILDREN && children.size() == all) ? new Manifest(digest, true, children, null) : null;
        }
        JsonNode config = json.path("config");
        String configDigest = config.path("digest").asString("");
        boolean isImage = CONFIG_TYPES.contains(config.path("mediaType").asString(""));
        return Digests.isDigest(configDigest) ? new Manifest(digest, false, List.of(), isImage ? configDigest : null)
                : null;
    }

    /** Whether one media type is a manifest's and the other one an index's. */
    static boolean contradict(String mediaType, String other) {
        return (MANIFEST_TYPES.contains(mediaType) && INDEX_TYPES.contains(other))
                || (INDEX_TYPES.contains(mediaType) && MANIFEST_TYPES.contains(other));
    }

    private static @Nullable Child child(JsonNode json) {
        String digest = json.path("digest").asString("");
        JsonNode named = json.path("platform");
        Platform platform = Platform.of(named);
        boolean isUnclear = (platform != null) ? hasFeatures(named) : named.isObject();
        return Digests.isDigest(digest) ? new Child(digest, json.path("mediaType").asString(""), platform, isUnclear)
                : null;
    }

    /** Windows images have win32k, and every such node. */
    private static boolean hasFeatures(JsonNode platform) {
        return platform.path("os.features").valueStream().anyMatch((name) -> !name.asString("").equals("win32k"));
    }

    /**
     * The children that may be for a platform, as containerd prefers them: it takes the
     * first one.
     */
    List<Child> candidates(Platform wanted) {
        return children.stream()
            .filter((child) -> child.platform() == null || wanted.accepts(child.platform()))
            .sorted(PREFERENCE)
            .toList();
    }

}
