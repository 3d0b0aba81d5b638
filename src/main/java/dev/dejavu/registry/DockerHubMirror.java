package dev.dejavu.registry;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * A registry that has copies of Docker Hub's images, and gets more of them when they are
 * pulled.
 *
 * @param registry {@code host} or {@code host:port}
 * @param prefix of its repositories, as in {@code docker-remote/}; may be empty
 */
record DockerHubMirror(String registry, String prefix) {

    private static final Pattern FORM = Pattern.compile(
            "(?<registry>(?:[a-zA-Z0-9._-]+|\\[[0-9a-fA-F:]+])(?::\\d{1,5})?)(?:/(?<prefix>[a-z0-9._/-]*[a-z0-9]))?/?");

    /**
     * Reads the setting.
     * @param text as in {@code artifactory.example.com/docker-remote}
     * @return {@code null} for none
     */
    static @Nullable DockerHubMirror parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            return null;
        }
        String prefix = form.group("prefix");
        return new DockerHubMirror(form.group("registry"), (prefix != null) ? prefix + "/" : "");
    }

    /** Where the mirror has an image of Docker Hub. */
    ImageReference of(ImageReference image) {
        return new ImageReference(registry, prefix + image.apiName(), image.tag(), image.digest());
    }

}
