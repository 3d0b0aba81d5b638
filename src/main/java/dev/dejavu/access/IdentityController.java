package dev.dejavu.access;

import java.time.Instant;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import org.jspecify.annotations.Nullable;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

import dev.dejavu.access.AccessProperties.Mode;

/**
 * The HTTP of {@code /identity}.
 */
@RestController
class IdentityController {

    private final Role anonymous;

    IdentityController(Mode mode) {
        this.anonymous = (mode == Mode.OPEN) ? Role.ADMIN : Role.READ;
    }

    @GetMapping(path = "/identity", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<IdentityBody> identity() {
        return ResponseEntity.ok().cacheControl(CacheControl.noStore()).body(current());
    }

    private IdentityBody current() {
        if (!(SecurityContextHolder.getContext().getAuthentication() instanceof Identity identity)) {
            return new IdentityBody(null, anonymous, null, Limits.NONE, null);
        }
        String overlay = identity.caller().overlay();
        return new IdentityBody(identity.getName(), Role.highestOf(identity).orElseThrow(),
                overlay.isEmpty() ? null : overlay, identity.limits(), identity.expiresAt());
    }

    /**
     * Who the caller is.
     *
     * @param name of its token, or issuer, {@code #} and subject; absent for a caller
     * without a token
     * @param role the highest that it has
     * @param overlay where it writes; absent for the base
     * @param limits what it reads and writes; empty lists for everything
     * @param expiresAt when its token does; absent for never
     */
    record IdentityBody(@Nullable String name, Role role, @Nullable String overlay, @JsonUnwrapped Limits limits,
            @Nullable Instant expiresAt) {
    }

}
