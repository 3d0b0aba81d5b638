package dev.dejavu.access;

import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.stereotype.Component;

import dev.dejavu.access.AccessProperties.Mode;
import dev.dejavu.cache.Caller;
import dev.dejavu.cache.Callers;

/**
 * Callers as Spring Security authenticated them. Without access control all are
 * anonymous, and are believed.
 */
@Component
class RequestCallers implements Callers {

    private final Caller anonymous;

    private final boolean firstWriteWins;

    RequestCallers(Mode mode, AccessProperties properties) {
        this.firstWriteWins = properties.firstWriteWins();
        this.anonymous = new Caller(null, "", mode == Mode.OPEN, false);
    }

    @Override
    public Caller current() {
        Authentication authentication = SecurityContextHolder.getContext().getAuthentication();
        return (authentication instanceof Identity identity) ? identity.caller() : anonymous;
    }

    @Override
    public boolean firstWriteWins() {
        return firstWriteWins;
    }

}
