package dev.dejavu.access;

import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import org.springframework.stereotype.Component;

import dev.dejavu.access.AccessProperties.Mode;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * The service's own tokens, for those who administer them.
 */
@Component
public class Tokens {

    private final AccessTokenRepository repository;

    private final TokenCache cache;

    private final Audit audit;

    private final Clock clock;

    private final Mode mode;

    Tokens(AccessTokenRepository repository, TokenCache cache, Audit audit, Clock clock, Mode mode) {
        this.repository = repository;
        this.cache = cache;
        this.audit = audit;
        this.clock = clock;
        this.mode = mode;
    }

    /**
     * Creates a token.
     * @throws ProblemException {@link Problem#NAME_TAKEN}, {@link Problem#MALFORMED_BODY}
     * or, in mode open, {@link Problem#FORBIDDEN}
     */
    public CreatedToken create(TokenRequest request) {
        if (mode == Mode.OPEN) {
            // A token got from an open service would still be valid when it is closed.
            throw new ProblemException(Problem.FORBIDDEN, "No token can be created while dejavu.access.mode is open.");
        }
        AccessToken token = request.token(clock.instant().truncatedTo(ChronoUnit.MILLIS));
        Secret secret = Secret.random();
        if (!repository.add(token, secret)) {
            throw new ProblemException(Problem.NAME_TAKEN, "There is or was a token named " + token.name()
                    + "; entries and the audit log tell authors apart by their names.");
        }
        cache.changed();
        audit.tokenCreated(token);
        return new CreatedToken(token, secret.text());
    }

    /** All that are not revoked, newest first. */
    public List<AccessToken> list() {
        return repository.list();
    }

    /**
     * Revokes a token, if there is one.
     * @throws ProblemException {@link Problem#LAST_ADMIN}
     */
    public void revoke(String id) {
        repository.revoke(id, clock.instant()).ifPresentOrElse((name) -> {
            cache.changed();
            audit.tokenRevoked(id, name);
        }, () -> refuseIfUnrevoked(id));
    }

    private void refuseIfUnrevoked(String id) {
        if (list().stream().anyMatch((token) -> token.id().equals(id))) {
            throw new ProblemException(Problem.LAST_ADMIN,
                    "This is the last token of an administrator; create another one first.");
        }
    }

    /**
     * A new token.
     *
     * @param secret shown this once
     */
    public record CreatedToken(@JsonUnwrapped AccessToken token, String secret) {

        @Override
        public String toString() {
            return token.toString();
        }

    }

}
