package dev.dejavu.registry;

import java.util.List;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The parts of a manifest or of an index that a check needs.
 *
 * @param children of an index that name their platform; a manifest has none
 * @param hasUnknownPlatforms whether an index has others, which may be for any platform
 * @param config the digest of a manifest's config; an index has none
 * @see <a href=
 * "https://github.com/opencontainers/image-spec/blob/main/image-index.md">image index</a>
 */
record Manifest(List<Child> children, boolean hasUnknownPlatforms, @Nullable String config) {

    /** No real index has as many. */
    private static final int MAX_CHILDREN = 1000;

    /**
     * A manifest that an index names for a platform.
     */
    record Child(String digest, Platform platform) {
    }

    /**
     * Reads one.
     * @return {@code null} when it is neither
     */
    static @Nullable Manifest parse(JsonNode json) {
        if (json.path("manifests").isArray()) {
            List<Child> children = json.path("manifests")
                .valueStream()
                .map(Manifest::child)
                .filter(Objects::nonNull)
                .toList();
            int all = json.path("manifests").size();
            return (all <= MAX_CHILDREN) ? new Manifest(children, children.size() < all, null) : null;
        }
        String config = json.path("config").path("digest").asString("");
        return config.isEmpty() ? null : new Manifest(List.of(), false, config);
    }

    private static @Nullable Child child(JsonNode json) {
        Platform platform = Platform.of(json.path("platform"));
        String digest = json.path("digest").asString("");
        return (platform == null || digest.isEmpty()) ? null : new Child(digest, platform);
    }

}
