package dev.dejavu.web;

import org.springframework.stereotype.Component;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;

import dev.dejavu.cache.Caller;
import dev.dejavu.cache.Callers;

/**
 * Whom limits are for: the name of the caller, or the address of an anonymous one.
 */
@Component
class CallerIdentity {

    private final Callers callers;

    CallerIdentity(Callers callers) {
        this.callers = callers;
    }

    /**
     * Who shares a bound with the caller: the caller itself, but all who are bound to an
     * overlay, or need a token and have none, are one.
     */
    String sharing() {
        Caller caller = callers.current();
        boolean isLesser = !caller.overlay().isEmpty() || (caller.name() == null && !caller.isTrusted());
        return isLesser ? "lesser callers" : current();
    }

    /** The identity of the caller of the request that this thread serves. */
    String current() {
        String name = callers.current().name();
        if (name != null) {
            return name;
        }
        // No address has a blank, so none is the name of a token.
        return "at " + ((RequestContextHolder.getRequestAttributes() instanceof ServletRequestAttributes attributes)
                ? attributes.getRequest().getRemoteAddr() : "");
    }

}
