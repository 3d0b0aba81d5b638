package dev.dejavu.registry;

import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

    /** By the version of the variant; those without one are equal. */
    static final Comparator<Platform> LATEST_FIRST = Comparator.comparingInt(Platform::version).reversed();

    private static final Pattern FORM = Pattern.compile("([\\w-]++)/([\\w.-]++)(?:/([\\w.-]++))?");

    private static final Pattern VERSION = Pattern.compile("v(\\d)(?:\\.(\\d))?");

    /** Other names, and in which variant they mean the architecture. */
    private static final Map<String, String> NAMES = Map.of("x86_64", "amd64", "x86-64", "amd64", "aarch64", "arm64",
            "armhf", "arm/v7", "armel", "arm/v6", "i386", "386/", "macos", "darwin");

    private static final Map<String, String> VARIANTS = Map.of("amd64", "v1", "arm64", "v8", "arm", "v7");

    /** A node of arm64/v9.x runs what is for v8.(x+5). */
    private static final int ARM_V9_OVER_V8 = 5;

    /**
     * Reads {@code linux/arm/v7}.
     * @return {@code null} when it has no architecture
     */
    static @Nullable Platform parse(String text) {
        Matcher form = FORM.matcher(text);
        return form.matches() ? of(form.group(1), form.group(2), (form.group(3) != null) ? form.group(3) : "") : null;
    }

    private static @Nullable Platform of(String os, String architecture, String variant) {
        String name = architecture.toLowerCase(Locale.ROOT);
        String[] known = NAMES.getOrDefault(name, name).split("/", -1);
        String version = (known.length > 1) ? known[1] : variant.toLowerCase(Locale.ROOT);
        return (os.isEmpty() || name.isEmpty()) ? null : new Platform(os.toLowerCase(Locale.ROOT), known[0],
                version.isEmpty() ? VARIANTS.get(known[0]) : normal(known[0], version));
    }

    private static String normal(String architecture, String variant) {
        return switch (architecture) {
            case "arm", "arm64" ->
                (Character.isDigit(variant.charAt(0)) ? "v" + variant : variant).replaceFirst("\\.0$", "");
            default -> variant;
        };
    }

    /**
     * Reads the members of an image's config or of an index's descriptor.
     * @return {@code null} when they are not there
     */
    static @Nullable Platform of(JsonNode json) {
        return of(json.path("os").asString(""), json.path("architecture").asString(""),
                json.path("variant").asString(""));
    }

    /**
     * Whether an image for another platform is one for this, too: on an architecture that
     * has versions, an earlier one, as containerd has it. Unlike there, an image for 386
     * is none for amd64, and one for arm is none for arm64: who names an architecture
     * wants that one.
     */
    boolean accepts(Platform image) {
        if (!os.equals(image.os) || !architecture.equals(image.architecture)) {
            return false;
        }
        int wanted = version();
        int offered = image.version();
        boolean isArmV8ForV9 = architecture.equals("arm64") && wanted >= 90 && offered < 90;
        int limit = isArmV8ForV9 ? wanted - 10 + ARM_V9_OVER_V8 : wanted;
        return equals(image) || (VARIANTS.containsKey(architecture) && offered > 0 && offered <= limit);
    }

    /** Major and minor version in two digits; zero for none. */
    private int version() {
        Matcher version = VERSION.matcher((variant != null) ? variant : "");
        if (!version.matches()) {
            return 0;
        }
        return Integer.parseInt(version.group(1) + ((version.group(2) != null) ? version.group(2) : "0"));
    }

}
