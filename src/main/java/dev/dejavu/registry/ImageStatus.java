package dev.dejavu.registry;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * What a registry says of an image.
 *
 * @param outcome what is known now
 * @param digest of the manifest that the reference leads to, as in {@code sha256:…}; only
 * with {@link Outcome#PRESENT}
 * @param reason what was seen, for the log
 * @param retryAfter how long the registry does not want to be asked; zero when it did not
 * say
 */
public record ImageStatus(Outcome outcome, @Nullable String digest, String reason, Duration retryAfter) {

    /**
     * What can be known.
     */
    public enum Outcome {

        /** It is there, for each platform that was asked. */
        PRESENT,

        /** The registry says that it, or what a platform needs of it, is not there. */
        ABSENT,

        /** Anything else: nothing follows from it. */
        UNKNOWN

    }

    static ImageStatus present(String digest) {
        return new ImageStatus(Outcome.PRESENT, digest, "is there", Duration.ZERO);
    }

    static ImageStatus absent(String reason) {
        return new ImageStatus(Outcome.ABSENT, null, reason, Duration.ZERO);
    }

    public static ImageStatus unknown(String reason, Duration retryAfter) {
        return new ImageStatus(Outcome.UNKNOWN, null, reason, retryAfter);
    }

}
