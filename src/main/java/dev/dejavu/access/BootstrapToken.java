package dev.dejavu.access;

import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/**
 * The token with which an administrator creates the others: that of the setting, or one
 * that the first start creates and logs once.
 */
@Component
class BootstrapToken {

    private static final Logger log = LoggerFactory.getLogger(BootstrapToken.class);

    private static final String SETTING = "dejavu.admin-token";

    private static final String NAME = "admin";

    private final AccessTokenRepository repository;

    private final Clock clock;

    private final @Nullable Secret given;

    BootstrapToken(AccessTokenRepository repository, Clock clock, Environment environment) {
        this.repository = repository;
        this.clock = clock;
        this.given = Secret.ofSetting(environment, SETTING);
    }

    /**
     * Creates the token if none exists, or takes the one of the setting.
     * @param tokens all that are not revoked, by the hash of their secret
     * @return whether the table changed
     */
    boolean ensure(Map<String, AccessToken> tokens) {
        AccessToken token = new AccessToken(AccessToken.newId(), NAME, Role.ADMIN,
                clock.instant().truncatedTo(ChronoUnit.MILLIS), null, null, null, null);
        if (given != null) {
            AccessToken same = tokens.get(given.hash());
            if (same != null && !same.name().equals(NAME)) {
                log.error("{} is already the token of {}, and keeps the role {}", SETTING, same.name(), same.role());
                return false;
            }
            if (repository.isRevoked(given)) {
                log.error("{} is the secret of a token that was revoked, and stays so: set another one", SETTING);
                return false;
            }
            return repository.replace(token, given);
        }
        if (!tokens.isEmpty()) {
            return false;
        }
        Secret secret = Secret.random();
        // Of instances that start together one adds it; the others find the name taken.
        if (repository.add(token, secret)) {
            log.info("First start: the administrator's token is {} (logged this once; create the others with"
                    + " POST /tokens)", secret.text());
        }
        return true;
    }

}
