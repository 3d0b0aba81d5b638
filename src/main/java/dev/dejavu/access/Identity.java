package dev.dejavu.access;

import java.time.Instant;
import java.util.List;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AbstractAuthenticationToken;

import dev.dejavu.cache.Caller;

/**
 * The holder of a token, made once for all requests with it.
 */
final class Identity extends AbstractAuthenticationToken {

    private static final long serialVersionUID = 1;

    private final transient Caller caller;

    private final transient Limits limits;

    private final @Nullable Instant expiresAt;

    /**
     * An identity.
     * @param role {@code null} for none
     * @param expiresAt when its token does; {@code null} for never
     */
    Identity(String name, @Nullable Role role, String overlay, Limits limits, @Nullable Instant expiresAt) {
        super((role != null) ? role.authorities() : List.of());
        this.limits = limits;
        this.expiresAt = expiresAt;
        boolean isAdmin = role == Role.ADMIN;
        this.caller = new Caller(name, overlay, isAdmin, isAdmin && overlay.isEmpty(), limits.reading(),
                limits.writing());
        setAuthenticated(true);
    }

    Caller caller() {
        return caller;
    }

    Limits limits() {
        return limits;
    }

    @Nullable Instant expiresAt() {
        return expiresAt;
    }

    /** Whether it is bound to an overlay, or to some scopes or repositories. */
    boolean isLimited() {
        return !caller.overlay().isEmpty() || !caller.reading().isAll();
    }

    @Override
    public @Nullable Object getCredentials() {
        return null;
    }

    @Override
    public Object getPrincipal() {
        return Objects.requireNonNull(caller.name());
    }

}
