package dev.dejavu.access;

import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AnonymousAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextHolder;

/**
 * Who calls.
 *
 * @param name the name of the token, or the subject that its issuer gives; {@code null}
 * for a stranger
 * @param administers whether the caller is shown who wrote
 */
record Caller(@Nullable String name, boolean administers) {

    /** The caller of the request that this thread serves. */
    static Caller current() {
        Authentication caller = SecurityContextHolder.getContext().getAuthentication();
        if (caller == null) {
            // Without access control: nobody is known, so nobody is told who wrote.
            return new Caller(null, false);
        }
        boolean stranger = caller instanceof AnonymousAuthenticationToken;
        return new Caller(stranger ? null : caller.getName(), Role.ADMIN.isHeldBy(caller));
    }

}
