package dev.dejavu.access;

import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.stereotype.Component;

import dev.dejavu.access.AccessProperties.Mode;

/**
 * Tells pages in front of whom they are.
 */
@Component
public class Visitors {

    private final boolean isOpen;

    Visitors(Mode mode) {
        this.isOpen = mode == Mode.OPEN;
    }

    /** The caller of the current request. */
    public Visitor current() {
        if (isOpen) {
            return new Visitor(null, Role.ADMIN, "", false, true);
        }
        if (SecurityContextHolder.getContext().getAuthentication() instanceof Identity identity) {
            return new Visitor(identity.getName(), Role.highestOf(identity).orElse(null), identity.caller().overlay(),
                    identity.isLimited(), false);
        }
        return new Visitor(null, null, "", true, false);
    }

}
