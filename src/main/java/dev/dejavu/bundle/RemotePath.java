package dev.dejavu.bundle;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import dev.dejavu.cache.LocalHosts;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * Where a bundle was uploaded: an absolute URI, as in {@code s3://bucket/path}.
 */
record RemotePath(URI uri) {

    private static final int MAX_LENGTH = 2048;

    /** Also within another URI, as in {@code jar:file:/…}. */
    private static final Pattern FILE = Pattern.compile("^(?:[a-z+]+:)*file:", Pattern.CASE_INSENSITIVE);

    /** {@link URI#getHost()} knows no underscores, which buckets may have. */
    private static final Pattern AUTHORITY = Pattern.compile("(?:.*@)?(?<host>\\[[^]]*]|[^:]*)(?::\\d*)?");

    /**
     * Reads a path.
     * @throws ProblemException {@link Problem#INVALID_REMOTE_PATH}
     */
    static RemotePath parse(String text) {
        try {
            URI uri = new URI(text);
            // A scheme of one letter is a drive of Windows.
            if (text.length() <= MAX_LENGTH && uri.isAbsolute() && uri.getScheme().length() > 1
                    && text.equals(uri.toASCIIString()) && !String.valueOf(uri.getRawAuthority()).contains("%")) {
                return new RemotePath(uri);
            }
        }
        catch (URISyntaxException ex) {
            // as any other malformed path
        }
        throw new ProblemException(Problem.INVALID_REMOTE_PATH,
                "remote_path must be an absolute URI with a scheme, in " + MAX_LENGTH + " characters at most.");
    }

    /** Whether only one machine can reach it. */
    boolean isLocal() {
        if (FILE.matcher(uri.toString()).find()) {
            return true;
        }
        String authority = uri.getRawAuthority();
        Matcher matcher = AUTHORITY.matcher((authority != null) ? authority : "");
        return matcher.matches() && LocalHosts.contains(matcher.group("host"));
    }

}
