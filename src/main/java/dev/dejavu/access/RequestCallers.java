package dev.dejavu.access;

import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AnonymousAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.Callers;

/**
 * Callers as Spring Security authenticated them. Without access control all are
 * anonymous, and none sees authors.
 */
@Component
class RequestCallers implements Callers {

    /** The name of the token, or the subject that its issuer names. */
    @Override
    public @Nullable String name() {
        Authentication caller = SecurityContextHolder.getContext().getAuthentication();
        return (caller == null || caller instanceof AnonymousAuthenticationToken) ? null : caller.getName();
    }

    @Override
    public boolean seesAuthors() {
        Authentication caller = SecurityContextHolder.getContext().getAuthentication();
        return caller != null && Role.ADMIN.isHeldBy(caller);
    }

}
