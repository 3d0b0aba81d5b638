package dev.dejavu.registry;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Digests of content, as in {@code sha256:…}.
 *
 * @see <a href=
 * "https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests">digests</a>
 */
final class Digests {

    /** As Java names them. */
    private static final Map<String, String> ALGORITHMS = Map.of("sha256", "SHA-256", "sha384", "SHA-384", "sha512",
            "SHA-512");

    private static final Pattern FORM = Pattern.compile("sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}");

    private Digests() {
    }

    /** Whether a text is a digest, of an algorithm that containerd knows, too. */
    static boolean isDigest(String text) {
        return FORM.matcher(text).matches();
    }

    /** Whether two digests are of one algorithm. */
    static boolean areComparable(String digest, String other) {
        return digest.startsWith(other.substring(0, other.indexOf(':') + 1));
    }

    /**
     * The digest of content.
     * @param algorithmOf a digest whose algorithm is taken; SHA-256 for any other text,
     * such as a tag
     */
    static String of(byte[] content, String algorithmOf) {
        String algorithm = algorithmOf.replaceFirst(":.*", "");
        String name = ALGORITHMS.get(algorithm);
        try {
            byte[] hash = MessageDigest.getInstance((name != null) ? name : "SHA-256").digest(content);
            return ((name != null) ? algorithm : "sha256") + ":" + HexFormat.of().formatHex(hash);
        }
        catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException(ex);
        }
    }

}
