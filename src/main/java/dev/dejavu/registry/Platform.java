package dev.dejavu.registry;

import java.util.Locale;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The platform of an image, in the normal form of containerd, so that two spellings of
 * one are equal.
 *
 * @see <a href=
 * "https://github.com/containerd/platforms/blob/main/database.go">containerd</a>
 */
record Platform(String os, String architecture, @Nullable String variant) {

    /**
     * Other names of architectures, and the default variants.
     */
    private static final Map<String, String> NAMES = Map.of("x86_64", "amd64", "x86-64", "amd64", "aarch64", "arm64",
            "armhf", "arm", "i386", "386");

    private static final Map<String, String> VARIANTS = Map.of("amd64", "v1", "arm64", "v8", "arm", "v7");

    /**
     * Reads {@code linux/arm/v7}.
     * @return {@code null} when it has no architecture
     */
    static @Nullable Platform parse(String text) {
        String[] parts = text.split("/", 3);
        return (parts.length > 1) ? of(parts[0], parts[1], (parts.length > 2) ? parts[2] : "") : null;
    }

    private static @Nullable Platform of(String os, String architecture, String variant) {
        String name = architecture.toLowerCase(Locale.ROOT);
        String known = NAMES.getOrDefault(name, name);
        return (os.isEmpty() || known.isEmpty()) ? null : new Platform(os.toLowerCase(Locale.ROOT), known,
                variant.isEmpty() ? VARIANTS.get(known) : variant.toLowerCase(Locale.ROOT));
    }

    /**
     * Reads the members of an image's config or of an index's descriptor.
     * @return {@code null} when they are not there
     */
    static @Nullable Platform of(JsonNode json) {
        return of(json.path("os").asString(""), json.path("architecture").asString(""),
                json.path("variant").asString(""));
    }

}
