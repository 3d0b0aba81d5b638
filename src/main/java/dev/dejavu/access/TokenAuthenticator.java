package dev.dejavu.access;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.server.resource.InvalidBearerTokenException;
import org.springframework.stereotype.Component;

/**
 * Authenticates the holders of the service's own tokens, and records when each token was
 * last used.
 */
@Component
class TokenAuthenticator {

    private static final Logger log = LoggerFactory.getLogger(TokenAuthenticator.class);

    /** Of the time of the last use. */
    private static final Duration PRECISION = Duration.ofMinutes(1);

    private final TokenCache tokens;

    private final AccessTokenRepository repository;

    private final Clock clock;

    TokenAuthenticator(TokenCache tokens, AccessTokenRepository repository, Clock clock) {
        this.tokens = tokens;
        this.repository = repository;
        this.clock = clock;
    }

    /**
     * Authenticates the holder of a token.
     * @throws InvalidBearerTokenException when it is unknown, revoked or expired
     * @throws AuthenticationServiceException when the database does not answer
     */
    Authentication authenticate(String token) {
        // Hashes are compared: the time that takes gives nothing of a secret away.
        TokenCache.Holder holder = tokens.find(new Secret(token));
        Instant now = clock.instant();
        if (holder == null || !holder.token().isLive(now)) {
            throw new InvalidBearerTokenException("The token is unknown, revoked or expired.");
        }
        recordUse(holder, now);
        return holder.authentication();
    }

    /** Whether it is the service's own, as an administrator's may look like any other. */
    boolean isKnown(String token) {
        return tokens.byHash().containsKey(new Secret(token).hash());
    }

    private void recordUse(TokenCache.Holder holder, Instant now) {
        long last = holder.lastUsedAt().get();
        if (now.toEpochMilli() - last >= PRECISION.toMillis()
                && holder.lastUsedAt().compareAndSet(last, now.toEpochMilli())) {
            Thread.startVirtualThread(() -> {
                try {
                    repository.used(holder.token().id(), now);
                }
                catch (DataAccessException ex) {
                    log.debug("The last use of a token was not recorded", ex);
                }
            });
        }
    }

}
