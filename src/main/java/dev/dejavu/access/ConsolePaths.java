package dev.dejavu.access;

import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * The paths of the console, whose pages require what the calls require that they stand
 * for.
 */
final class ConsolePaths {

    private static final String PREFIX = "/console";

    /** Where one signs in and is refused, and what pages are made of. */
    private static final Pattern PUBLIC = Pattern
        .compile("/(?:console/(?:sign-in(?:/oidc(?:/callback)?)?|sign-out|refused|[a-z-]+\\.(?:css|js|svg)))?");

    private static final Pattern ADMINISTRATION = Pattern.compile(PREFIX + "/tokens(?:/.*)?");

    /** What the service knows beside the entries. */
    private static final Pattern WEBHOOKS = Pattern.compile(PREFIX + "/webhooks(?:/.*)?");

    /** Asks a registry, as a resolve does. */
    private static final Pattern CHECK = Pattern.compile(PREFIX + "/images/[^/]+/check");

    private ConsolePaths() {
    }

    static boolean contain(String path) {
        return path.equals("/") || path.equals(PREFIX) || path.startsWith(PREFIX + "/");
    }

    static @Nullable Role requiredRole(String method, String path) {
        if (PUBLIC.matcher(path).matches()) {
            return null;
        }
        boolean reads = Role.isReading(method) || CHECK.matcher(path).matches();
        return (reads && !ADMINISTRATION.matcher(path).matches()) ? Role.READ : Role.ADMIN;
    }

    static boolean areAboutAll(String path) {
        return ADMINISTRATION.matcher(path).matches() || WEBHOOKS.matcher(path).matches();
    }

    /** The path of the call that a page stands for. */
    static String ofCall(String path) {
        return path.startsWith(PREFIX + "/") ? path.substring(PREFIX.length()) : path;
    }

}
