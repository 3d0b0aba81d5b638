package dev.dejavu.access;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

import com.fasterxml.jackson.annotation.JsonValue;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.SimpleGrantedAuthority;

/**
 * What a caller may do; each role may do what those before it may.
 */
enum Role {

    /** Read entries, resolve, statistics, metrics. */
    READ,

    /** Store entries. */
    WRITE,

    /** Delete entries; create and revoke tokens. */
    ADMIN;

    private static final List<String> PUBLIC = List.of("/actuator/health", "/swagger-ui", "/webjars/", "/v3/api-docs");

    /** Only readers may learn which registries there are. */
    private static final String REGISTRIES = "/actuator/health/registries";

    private static final List<String> READABLE = List.of("/actuator/prometheus", "/actuator/info");

    /**
     * The role that a request requires.
     * @return {@code null} when it requires none: health, the pages that describe the
     * API, and webhooks, which have secrets of their own
     */
    static @Nullable Role requiredFor(HttpServletRequest request) {
        // The path behind the servlet, if that has a path of its own.
        String path = (request.getPathInfo() != null) ? request.getPathInfo() : request.getServletPath();
        boolean reads = request.getMethod().equals("GET") || request.getMethod().equals("HEAD");
        boolean isPublic = (reads && PUBLIC.stream().anyMatch(path::startsWith)) || path.startsWith("/webhooks/");
        if (isPublic && !path.startsWith(REGISTRIES)) {
            return null;
        }
        if (path.equals("/tokens") || path.startsWith("/tokens/")
                || (path.startsWith("/actuator/") && !READABLE.contains(path) && !path.startsWith(REGISTRIES))) {
            return ADMIN;
        }
        if (reads || (request.getMethod().equals("POST")
                && (path.endsWith("/lookup") || path.equals("/images/resolve")))) {
            return READ;
        }
        return request.getMethod().equals("PUT") ? WRITE : ADMIN;
    }

    /** This role and those before it. */
    List<GrantedAuthority> authorities() {
        return Arrays.stream(values())
            .filter((role) -> role.compareTo(this) <= 0)
            .<GrantedAuthority>map((role) -> new SimpleGrantedAuthority(role.name()))
            .toList();
    }

    boolean isHeldBy(Authentication caller) {
        return caller.getAuthorities().stream().anyMatch((authority) -> name().equals(authority.getAuthority()));
    }

    /** As in JSON and in settings. */
    @JsonValue
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

}
