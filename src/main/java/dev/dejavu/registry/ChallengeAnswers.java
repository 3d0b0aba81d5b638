package dev.dejavu.registry;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.dejavu.registry.ImageStatus.Reason;

/**
 * Answers what a registry challenges for: a password, or a token of its token server.
 */
final class ChallengeAnswers {

    /** A password is shown unasked for so long; then the registry is asked again how. */
    private static final Duration PASSWORD_LIFETIME = Duration.ofHours(1);

    private final TokenServers tokenServers;

    ChallengeAnswers(TokenServers tokenServers) {
        this.tokenServers = tokenServers;
    }

    /**
     * Answers the first challenge that can be answered. Where there is none, the password
     * is shown unasked to the registry that it is for.
     * @throws RegistryException with the reason why none can be answered
     */
    Authorization answer(List<Challenge> challenges, ImageReference reference, @Nullable Credentials login)
            throws IOException {
        RegistryException failure = null;
        for (Challenge challenge : challenges) {
            if (challenge.scheme().equals("bearer")) {
                try {
                    return tokenServers.token(challenge, reference, login);
                }
                catch (RegistryException ex) {
                    if (ex.reason() != Reason.CHALLENGE_UNKNOWN && ex.reason() != Reason.HOST_NOT_ALLOWED) {
                        throw ex;
                    }
                    failure = ex;
                }
            }
            if (challenge.scheme().equals("basic") && login != null && !login.isRefreshToken()) {
                return password(login);
            }
        }
        if (failure != null) {
            throw failure;
        }
        if (challenges.isEmpty() && login != null && !login.isRefreshToken()) {
            return password(login);
        }
        throw unanswerable(challenges, login);
    }

    private static Authorization password(Credentials login) {
        return new Authorization(login.basic(), PASSWORD_LIFETIME);
    }

    /**
     * Why a registry still said 401. Of a token, its token server has taken the login.
     * @param challenges that came with it
     * @param shown what it refused
     */
    static RegistryException refused(List<Challenge> challenges, Authorization shown, @Nullable Credentials login) {
        if (login == null) {
            return new RegistryException(Reason.LOGIN_MISSING,
                    "The registry refused the token that strangers get, and no login is configured");
        }
        boolean isPassword = shown.value().equals(login.basic());
        boolean isKnown = challenges.stream()
            .anyMatch((challenge) -> challenge.parameter("error").equals("insufficient_scope"));
        return (isPassword && !isKnown)
                ? new RegistryException(Reason.LOGIN_REFUSED,
                        "The registry refused the login, or does not let it read the repository: HTTP 401")
                : new RegistryException(Reason.FORBIDDEN,
                        "The login may not read the repository, or there is none: HTTP 401");
    }

    private static RegistryException unanswerable(List<Challenge> challenges, @Nullable Credentials login) {
        boolean wantsPassword = challenges.stream().anyMatch((challenge) -> challenge.scheme().equals("basic"));
        if (wantsPassword || (challenges.isEmpty() && login == null)) {
            return new RegistryException(Reason.LOGIN_MISSING, (login == null)
                    ? "The registry wants a login, and none is configured"
                    : "The registry wants a password, and the configured login has a token for a token server instead");
        }
        return new RegistryException(Reason.CHALLENGE_UNKNOWN, challenges.isEmpty()
                ? "The registry names no token server, and the configured login has a token for one"
                : "The registry wants a login by " + challenges.getFirst().scheme() + ", not by Basic or Bearer");
    }

}
