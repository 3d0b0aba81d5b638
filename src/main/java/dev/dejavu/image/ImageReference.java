package dev.dejavu.image;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.LocalHosts;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * An OCI reference: {@code host[:port]/name}, then a tag, a digest or both.
 *
 * @param host the registry's host, without its port; {@code null} when none is named
 * @see <a href="https://github.com/distribution/reference">the grammar</a>
 */
record ImageReference(@Nullable String host) {

    private static final int LONGEST = 512;

    // Possessive throughout: what a hostile text matched is never tried again.
    private static final String LABEL = "[a-zA-Z0-9]++(?:-++[a-zA-Z0-9]++)*+";

    private static final String HOST = LABEL + "(?:\\." + LABEL + ")*+\\.?+|\\[[0-9a-fA-F:.]++]";

    private static final String COMPONENT = "[a-z0-9]++(?:(?:\\.|__?+|-++)[a-z0-9]++)*+";

    private static final Pattern FORM = Pattern.compile("(?:(?<host>" + HOST + ")(?<port>:[0-9]{1,5})?/)?" + COMPONENT
            + "(?:/" + COMPONENT + ")*+" + "(?<tag>:\\w[\\w.-]{0,127})?"
            + "(?<digest>@(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}))?");

    /**
     * Reads a reference.
     * @throws ProblemException {@link Problem#INVALID_IMAGE_URI}
     */
    static ImageReference parse(String text) {
        Matcher matcher = (text.length() <= LONGEST) ? FORM.matcher(text) : null;
        if (matcher == null || !matcher.matches()
                || (matcher.group("tag") == null && matcher.group("digest") == null)) {
            throw new ProblemException(Problem.INVALID_IMAGE_URI,
                    "image_uri must be host[:port]/name with a :tag, a @digest or both, in " + LONGEST
                            + " characters at most.");
        }
        String host = matcher.group("host");
        return new ImageReference(isHost(host, matcher.group("port")) ? host : null);
    }

    /**
     * A first component without dot and port, as in {@code library/debian:12}, is part of
     * the name.
     */
    private static boolean isHost(@Nullable String first, @Nullable String port) {
        return first != null && (port != null || first.matches(".*[.:A-Z].*") || first.equals("localhost"));
    }

    /** Whether only one machine can reach it. */
    boolean isLocal() {
        return host == null || LocalHosts.contains(host);
    }

}
