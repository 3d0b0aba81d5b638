package dev.dejavu.testing;

import java.util.List;
import java.util.Map;

/**
 * The forms that an image for one platform has in a registry.
 */
public enum ImageForm {

    MANIFEST, INDEX,

    /** An index in an index. */
    NESTED,

    /** An index whose entry does not name the platform. */
    NAMELESS;

    /** The forms in turn. */
    public static ImageForm of(int number) {
        return List.of(values()).get(number % values().length);
    }

    /**
     * Pushes an image.
     * @return the digest that the tag leads to, and those below it that lead to the
     * platform
     */
    public List<String> push(RegistryProcess registry, String name, String tag, String platform) {
        if (this == MANIFEST) {
            return List.of(registry.push(name, tag, platform));
        }
        String child = registry.push(name, null, platform);
        String other = registry.push(name, null, "linux/s390x");
        if (this != NESTED) {
            return List.of(
                    registry.pushIndex(name, tag, Map.of((this == INDEX) ? platform : "", child, "linux/s390x", other)),
                    child);
        }
        String inner = registry.pushIndex(name, null, Map.of(platform, child, "linux/s390x", other));
        return List.of(registry.pushIndex(name, tag, Map.of("", inner)), inner, child);
    }

}
