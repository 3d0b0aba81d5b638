package dev.dejavu.access;

import org.springframework.security.core.AuthenticationException;

/**
 * Whoever knows whether a token is good does not answer. That is no refusal.
 */
class Unavailable extends AuthenticationException {

    private static final long serialVersionUID = 1;

    Unavailable(String message, Throwable cause) {
        super(message, cause);
    }

}
