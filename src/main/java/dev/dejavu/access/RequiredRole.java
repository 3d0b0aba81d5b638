package dev.dejavu.access;

import java.util.function.Supplier;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AnonymousAuthenticationToken;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.authorization.AuthorizationManager;
import org.springframework.security.core.Authentication;
import org.springframework.security.web.access.intercept.RequestAuthorizationContext;

/**
 * Grants a request whose caller has the role that it requires. Who is bound to an overlay
 * administers that overlay alone.
 *
 * @param anonymousRead whether anonymous callers may read entries by their keys, and what
 * they are
 */
record RequiredRole(boolean anonymousRead) implements AuthorizationManager<RequestAuthorizationContext> {

    @Override
    public AuthorizationDecision authorize(Supplier<? extends @Nullable Authentication> caller,
            RequestAuthorizationContext context) {
        HttpServletRequest request = context.getRequest();
        Role required = Role.requiredFor(request);
        return new AuthorizationDecision(required == null || request.getDispatcherType() == DispatcherType.ERROR
                || holds(caller.get(), required, request));
    }

    private boolean holds(@Nullable Authentication caller, Role required, HttpServletRequest request) {
        if (caller == null || caller instanceof AnonymousAuthenticationToken) {
            return anonymousRead && required == Role.READ && Role.isForAnonymous(request);
        }
        return required.isHeldBy(caller) && !(caller instanceof Identity identity && identity.isLimited()
                && Role.isAboutAll(request) && !Role.isAboutOverlay(request, identity.caller().overlay()));
    }

}
