package dev.dejavu.bundle;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Set;
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

    private static final Pattern ODD_SEGMENT = Pattern.compile("/\\.{0,2}(?:/|$)|%2[ef]|%5c", Pattern.CASE_INSENSITIVE);

    private static final Set<String> AZURE = Set.of("abfs", "abfss");

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

    /**
     * Whether it lies under a prefix, has no password, query or fragment, and no segment
     * that another program could take for a way up.
     */
    boolean isUnder(List<String> prefixes) {
        return prefixes.stream().anyMatch(this::isUnder) && !hasSecret() && uri.getRawQuery() == null
                && uri.getRawFragment() == null && !ODD_SEGMENT.matcher(String.valueOf(uri.getRawPath())).find();
    }

    private boolean isUnder(String prefix) {
        return uri.toString().startsWith(prefix.endsWith("/") ? prefix : prefix + "/");
    }

    /** The container of an Azure path stands where others have a user. */
    private boolean hasSecret() {
        int at = String.valueOf(uri.getRawAuthority()).lastIndexOf('@');
        return at >= 0 && (!AZURE.contains(uri.getScheme()) || uri.getRawAuthority().substring(0, at).contains(":"));
    }

    /**
     * Whether Flyte would put the bundle of a key here: under {@code /project/domain/} of
     * its scope where that has both, in a file whose name has the files digest.
     */
    boolean isOf(BundleParts parts) {
        String path = String.valueOf(uri.getRawPath());
        String[] scope = parts.scope().split(":", -1);
        String project = (scope.length > 2) ? scope[scope.length - 2] : "";
        String domain = scope[scope.length - 1];
        boolean under = project.isEmpty() || domain.isEmpty() || path.contains("/" + project + "/" + domain + "/");
        return under && path.substring(path.lastIndexOf('/') + 1).contains(parts.filesDigest());
    }

    /** Whether only one machine can reach it. */
    boolean isLocal() {
        if (FILE.matcher(uri.toString()).find()) {
            return true;
        }
        String authority = uri.getRawAuthority();
        Matcher matcher = AUTHORITY.matcher((authority != null) ? authority : "");
        return matcher.matches() && LocalHosts.isOfOneMachine(matcher.group("host"));
    }

}
