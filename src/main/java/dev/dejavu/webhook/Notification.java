package dev.dejavu.webhook;

import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.RegistryEvent.Kind;

/**
 * An event as a registry sent it: nothing of it has been checked.
 *
 * @param host by which the registry calls itself; {@code null} when the event does not
 * say
 * @param name of the repository in its registry
 */
record Notification(Kind kind, @Nullable String host, @Nullable String name, @Nullable String tag,
        @Nullable String digest) {

    private static final Pattern NAME = Pattern.compile("[a-z0-9._/-]{1,255}");

    private static final Pattern TAG = Pattern.compile("\\w[\\w.-]{0,127}");

    private static final Pattern DIGEST = Pattern.compile("[a-z0-9]{1,32}:[0-9a-f]{32,128}");

    Notification(Kind kind, @Nullable String name, @Nullable String tag, @Nullable String digest) {
        this(kind, null, name, tag, digest);
    }

    /** About an image by its host and name in one, as in {@code quay.io/acme/app}. */
    static Notification byPath(Kind kind, String path, @Nullable String tag, @Nullable String digest) {
        int slash = path.indexOf('/');
        return new Notification(kind, path.substring(0, Math.max(slash, 0)), path.substring(slash + 1), tag, digest);
    }

    /** About what a registry's API calls a reference: a digest if it has a colon. */
    static Notification byReference(Kind kind, @Nullable String host, @Nullable String name, String reference) {
        boolean isDigest = reference.indexOf(':') >= 0;
        return new Notification(kind, host, name, isDigest ? null : reference, isDigest ? reference : null);
    }

    /**
     * The events to act on: none if it names another registry, or no repository.
     * @param registry of the images, as in the settings
     */
    Stream<RegistryEvent> events(String registry) {
        String prefix = lower(registry) + "/";
        String path = lower((host != null) ? host + "/" + name : name);
        String repository = path.startsWith(prefix) ? path.substring(prefix.length()) : path;
        if ((host != null && repository.equals(path)) || !NAME.matcher(repository).matches()) {
            return Stream.empty();
        }
        return events(prefix + repository, formed(tag, TAG), formed(digest, DIGEST));
    }

    /**
     * A deleted manifest may have had any tag, and a tag that is gone may have led to
     * another manifest by the time of the last check.
     */
    private Stream<RegistryEvent> events(String repository, @Nullable String tag, @Nullable String digest) {
        if (kind == Kind.DELETE && tag != null && digest != null) {
            return Stream.of(new RegistryEvent(kind, repository, null, digest),
                    new RegistryEvent(kind, repository, tag, null));
        }
        return Stream.of(new RegistryEvent(kind, repository, tag, digest));
    }

    private static String lower(@Nullable String text) {
        return (text != null) ? text.toLowerCase(Locale.ROOT) : "";
    }

    private static @Nullable String formed(@Nullable String text, Pattern form) {
        return (text != null && form.matcher(text).matches()) ? text : null;
    }

}
