package dev.dejavu.access;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

import com.fasterxml.jackson.annotation.JsonValue;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.SimpleGrantedAuthority;

/**
 * What a caller may do; each role may do what those before it may.
 */
public enum Role {

    /** Read entries, resolve, statistics, metrics. */
    READ,

    /** Store entries, and take them back. */
    WRITE,

    /** Delete entries; create and revoke tokens. */
    ADMIN;

    static final String ENDPOINTS = "/actuator";

    private static final String HEALTH = ENDPOINTS + "/health";

    private static final List<String> PUBLIC = List.of(HEALTH, "/swagger-ui", "/webjars/", "/v3/api-docs", "/client");

    /** Only readers may learn which registries there are. */
    private static final String REGISTRIES = HEALTH + "/registries";

    private static final String METRICS = ENDPOINTS + "/prometheus";

    private static final List<String> READABLE = List.of(METRICS, ENDPOINTS + "/info", ENDPOINTS + "/sbom", REGISTRIES);

    private static final Pattern ADMINISTRATION = Pattern.compile("/(?:tokens|overlays|leases)(?:/|$)");

    private static final Pattern LEASE = Pattern
        .compile("POST /images/[^/]+/lease(?:/[^/]+/renew)?" + "|DELETE /images/[^/]+/lease/[^/]+");

    private static final Pattern ANONYMOUS = Pattern
        .compile("(?:GET|HEAD|OPTIONS) /(?:(?:images|bundles)/[^/]+|identity)|POST .*/lookup");

    /**
     * The role that a request requires.
     * @return {@code null} when it requires none: health, the pages that describe the
     * API, the Python client, and webhooks, which have secrets of their own
     */
    static @Nullable Role requiredFor(HttpServletRequest request) {
        String path = path(request);
        if (ConsolePaths.contain(path)) {
            return ConsolePaths.requiredRole(request.getMethod(), path);
        }
        boolean reads = isReading(request.getMethod());
        boolean isPublic = (reads && PUBLIC.stream().anyMatch(path::startsWith)) || path.startsWith("/webhooks/");
        if (isPublic && !path.startsWith(REGISTRIES)) {
            return null;
        }
        if (isAdministration(path)) {
            return ADMIN;
        }
        if (reads || (request.getMethod().equals("POST") && (path.endsWith("/lookup") || path.endsWith("/explain")
                || path.equals("/images/resolve") || path.equals("/usage")))) {
            return READ;
        }
        return (request.getMethod().equals("PUT") || LEASE.matcher(request.getMethod() + " " + path).matches()
                || (request.getMethod().equals("POST") && path.endsWith("/invalidate"))) ? WRITE : ADMIN;
    }

    /** Whether a method changes nothing; OPTIONS asks which methods a path has. */
    static boolean isReading(String method) {
        return method.equals("GET") || method.equals("HEAD") || method.equals("OPTIONS");
    }

    /** The path behind the servlet, if that has a path of its own. */
    static String path(HttpServletRequest request) {
        return (request.getPathInfo() != null) ? request.getPathInfo() : request.getServletPath();
    }

    private static boolean isAdministration(String path) {
        return ADMINISTRATION.matcher(path).lookingAt()
                || (path.startsWith(ENDPOINTS + "/") && READABLE.stream().noneMatch(path::startsWith));
    }

    /** Whether a request reads the metrics. */
    static boolean readsMetrics(HttpServletRequest request) {
        return path(request).equals(METRICS);
    }

    /** Whether a request is about more than the entries that its caller sees. */
    static boolean isAboutAll(HttpServletRequest request) {
        String path = path(request);
        return ConsolePaths.areAboutAll(path) || isAdministration(path) || readsMetrics(request)
                || path.startsWith(REGISTRIES);
    }

    /** Whether a request is about one overlay. */
    static boolean isAboutOverlay(HttpServletRequest request, String overlay) {
        return !overlay.isEmpty() && path(request).equals("/overlays/" + overlay);
    }

    /**
     * Whether a request that reads names the keys of what it reads, or is about its
     * caller: anonymous readers may make it.
     */
    static boolean isForAnonymous(HttpServletRequest request) {
        return ANONYMOUS.matcher(request.getMethod() + " " + ConsolePaths.ofCall(path(request))).matches();
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

    /** The role of a caller. */
    static Optional<Role> highestOf(@Nullable Authentication caller) {
        return Arrays.stream(values())
            .filter((role) -> caller != null && role.isHeldBy(caller))
            .max(Comparator.naturalOrder());
    }

    /** As in JSON and in settings. */
    @JsonValue
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

}
