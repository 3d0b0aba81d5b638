package dev.dejavu.registry;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

/**
 * The status of an image in its registry.
 *
 * @param digest of the manifest that the reference leads to, as in {@code sha256:…}; only
 * with {@link Outcome#PRESENT}
 * @param restedOn digests of the manifests below an index, at any level, that the check
 * looked at for the platforms
 * @param reason why it is {@link Outcome#UNKNOWN}; {@code null} with any other outcome
 * @param detail for the log and for people
 * @param retryAfter the pause that the registry asks for; zero for none
 */
public record ImageStatus(Outcome outcome, @Nullable String digest, List<String> restedOn, @Nullable Reason reason,
        String detail, Duration retryAfter) {

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

    /**
     * Why a check proves nothing, so that a person knows what to do; in lower case with
     * hyphens in metrics and health.
     */
    public enum Reason {

        /** The registry, or its token server, wants a login, and none is configured. */
        LOGIN_MISSING,

        /** The configured login was refused. */
        LOGIN_REFUSED,

        /** There should be credentials, but they could not be had. */
        LOGIN_UNAVAILABLE,

        /** The login is good, but not for this repository. */
        FORBIDDEN,

        /** A 404 that may come from something in between, or hide a private image. */
        NOT_FOUND_UNPROVEN,

        /** The registry asks for a pause. */
        RATE_LIMITED,

        /** The token server asks for a pause. */
        TOKEN_SERVER_BUSY,

        /** The token server gave no token. */
        TOKEN_SERVER_FAILED,

        /** The challenge cannot be answered: a parameter or a known scheme is missing. */
        CHALLENGE_UNKNOWN,

        /** It leads to a host that is not allowed. */
        HOST_NOT_ALLOWED,

        /** No answer in time. */
        TIMEOUT,

        /** No connection: a name, a port, a network. */
        NO_CONNECTION,

        /** The proxy cannot be reached, wants another login, or refuses. */
        PROXY_FAILED,

        /** A certificate that is not trusted, or one that is missing. */
        TLS,

        /** The registry has a fault of its own: 5xx. */
        REGISTRY_FAILED,

        /** An answer that no registry should give. */
        UNEXPECTED_ANSWER,

        /** A manifest or an index that says nothing about a wanted platform. */
        PLATFORM_UNCLEAR,

        /** Its tag moves during the check. */
        TAG_MOVES,

        /** This service did not ask: its rate, a pause, too many checks, or a setting. */
        NOT_ASKED;

        /** As in metrics and health. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

    }

    static ImageStatus present(String digest, List<String> restedOn) {
        return new ImageStatus(Outcome.PRESENT, digest, restedOn, null, "is there", Duration.ZERO);
    }

    static ImageStatus absent(String detail) {
        return new ImageStatus(Outcome.ABSENT, null, List.of(), null, detail, Duration.ZERO);
    }

    public static ImageStatus unknown(Reason reason, String detail, Duration retryAfter) {
        return new ImageStatus(Outcome.UNKNOWN, null, List.of(), reason, detail, retryAfter);
    }

    public static ImageStatus unknown(Reason reason, String detail) {
        return unknown(reason, detail, Duration.ZERO);
    }

}
