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
 * Grants a request whose caller has the role that it requires.
 *
 * @param anonymousRead whether anonymous callers may read
 */
record RequiredRole(boolean anonymousRead) implements AuthorizationManager<RequestAuthorizationContext> {

    @Override
    public AuthorizationDecision authorize(Supplier<? extends @Nullable Authentication> caller,
            RequestAuthorizationContext context) {
        Role required = Role.requiredFor(context.getRequest());
        return new AuthorizationDecision(required == null
                || context.getRequest().getDispatcherType() == DispatcherType.ERROR || holds(caller.get(), required));
    }

    private boolean holds(@Nullable Authentication caller, Role required) {
        if (caller == null || caller instanceof AnonymousAuthenticationToken) {
            return anonymousRead && required == Role.READ;
        }
        return required.isHeldBy(caller);
    }

}
