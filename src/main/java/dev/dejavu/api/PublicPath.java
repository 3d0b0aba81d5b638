package dev.dejavu.api;

import java.util.regex.Pattern;

import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;

/**
 * Paths of this service as its callers see them: behind the context path, and behind the
 * prefix that a proxy took off.
 */
public final class PublicPath {

    /** Tomcat's word that the peer is a proxy whose headers count. */
    private static final String FORWARDED = "org.apache.tomcat.request.forwarded";

    private static final Pattern PREFIX = Pattern.compile("(?:/[A-Za-z0-9._~-]{1,100}){1,10}");

    private PublicPath() {
    }

    /**
     * The path as the caller of the current request sees it.
     * @param path of this service, as in {@code /images/}
     */
    public static String of(String path) {
        return (RequestContextHolder.getRequestAttributes() instanceof ServletRequestAttributes attributes)
                ? of(attributes.getRequest(), path) : path;
    }

    /** The path as the caller of a request sees it. */
    public static String of(HttpServletRequest request, String path) {
        return prefix(request) + path;
    }

    private static String prefix(HttpServletRequest request) {
        String forwarded = Boolean.TRUE.equals(request.getAttribute(FORWARDED))
                ? request.getHeader("X-Forwarded-Prefix") : null;
        return plain(forwarded) + request.getContextPath();
    }

    private static String plain(@Nullable String prefix) {
        String plain = (prefix != null && prefix.endsWith("/")) ? prefix.substring(0, prefix.length() - 1) : prefix;
        return (plain != null && PREFIX.matcher(plain).matches()) ? plain : "";
    }

}
