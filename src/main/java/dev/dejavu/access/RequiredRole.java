package dev.dejavu.access;

import java.util.function.Supplier;

import jakarta.servlet.DispatcherType;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AnonymousAuthenticationToken;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.authorization.AuthorizationManager;
import org.springframework.security.core.Authentication;
import org.springframework.security.web.access.intercept.RequestAuthorizationContext;

/**
 * Lets a request pass whose caller has the role that it needs.
 *
 * @param anonymousRead whether strangers may read
 */
record RequiredRole(boolean anonymousRead) implements AuthorizationManager<RequestAuthorizationContext> {

    @Override
    public AuthorizationDecision authorize(Supplier<? extends @Nullable Authentication> caller,
            RequestAuthorizationContext context) {
        Role needed = Role.neededFor(context.getRequest());
        return new AuthorizationDecision(needed == null
                || context.getRequest().getDispatcherType() == DispatcherType.ERROR || holds(caller.get(), needed));
    }

    private boolean holds(@Nullable Authentication caller, Role needed) {
        if (caller == null || caller instanceof AnonymousAuthenticationToken) {
            return anonymousRead && needed == Role.READ;
        }
        return needed.isHeldBy(caller);
    }

}
