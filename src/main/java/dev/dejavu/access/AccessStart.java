package dev.dejavu.access;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.stereotype.Component;

import dev.dejavu.access.AccessProperties.Mode;

/**
 * Makes the bootstrap token when the service starts, or as soon as the database answers,
 * keeps the tokens in memory, and warns of a service that is open to others.
 */
@Component
class AccessStart implements ApplicationListener<ApplicationReadyEvent> {

    private static final Logger log = LoggerFactory.getLogger(AccessStart.class);

    private static final String ENDPOINTS = "management.endpoints.web.base-path";

    private static final Duration RETRY_DELAY = Duration.ofSeconds(1);

    /** So that who comes first in an outage is known, though nobody came before. */
    private static final Duration RENEW_DELAY = Duration.ofSeconds(10);

    private final Mode mode;

    private final TokenCache tokens;

    private final ListenAddress address;

    /**
     * The start.
     * @param endpoints the path of Actuator, by which {@link Role} goes
     */
    AccessStart(Mode mode, TokenCache tokens, ListenAddress address,
            @Value("${" + ENDPOINTS + ":" + Role.ENDPOINTS + "}") String endpoints) {
        if (!endpoints.equals(Role.ENDPOINTS)) {
            throw new InvalidConfigurationPropertyValueException(ENDPOINTS, endpoints, "must be " + Role.ENDPOINTS);
        }
        this.mode = mode;
        this.tokens = tokens;
        this.address = address;
    }

    @Override
    public void onApplicationEvent(ApplicationReadyEvent event) {
        if (mode == Mode.TOKENS) {
            Thread.ofVirtual().start(() -> keepTokens(event.getApplicationContext()));
        }
        else if (!address.isLoopback()) {
            log.warn("Open to everyone who reaches {}: dejavu.access.mode is open. Anyone who can write here decides"
                    + " what others run.", address);
        }
    }

    private void keepTokens(ConfigurableApplicationContext context) {
        while (context.isActive()) {
            LockSupport.parkNanos((areComplete() ? RENEW_DELAY : RETRY_DELAY).toNanos());
        }
    }

    /** Nobody has a token before the first is stored, so no request may be needed. */
    private boolean areComplete() {
        try {
            tokens.byHash();
            return tokens.isBootstrapped();
        }
        catch (AuthenticationServiceException ex) {
            return false;
        }
    }

}
