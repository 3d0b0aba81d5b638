package dev.dejavu.registry;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * The status of an image in its registry.
 *
 * @param digest of the manifest that the reference leads to, as in {@code sha256:…}; only
 * with {@link Outcome#PRESENT}
 * @param restedOn the digests of the manifests in an index that the platforms led to;
 * none where the manifest is no index
 * @param reason for the log
 * @param retryAfter the pause that the registry asks for; zero for none
 */
public record ImageStatus(Outcome outcome, @Nullable String digest, List<String> restedOn, String reason,
        Duration retryAfter) {

    /**
     * What a check can find out.
     */
    public enum Outcome {

        /** The registry has it, for each platform. */
        PRESENT,

        /** The registry does not have it, or not what a platform needs. */
        ABSENT,

        /** Anything else, which proves nothing. */
        UNKNOWN

    }

    static ImageStatus present(String digest, List<String> restedOn) {
        return new ImageStatus(Outcome.PRESENT, digest, restedOn, "is there", Duration.ZERO);
    }

    static ImageStatus absent(String reason) {
        return new ImageStatus(Outcome.ABSENT, null, List.of(), reason, Duration.ZERO);
    }

    public static ImageStatus unknown(String reason, Duration retryAfter) {
        return new ImageStatus(Outcome.UNKNOWN, null, List.of(), reason, retryAfter);
    }

}
