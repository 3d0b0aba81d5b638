package dev.dejavu.access;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Pattern;

import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseCookie;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;
import org.springframework.stereotype.Component;
import org.springframework.web.util.WebUtils;

import dev.dejavu.api.PublicPath;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * Who is signed in to the console has a cookie with the token itself, which browsers send
 * to the console alone. So any instance knows its owner, and a revoked token ends it.
 */
@Component
public class ConsoleSession {

    private static final String NAME = "dejavu-session";

    /** Browsers keep no larger cookie. */
    private static final int MAX_LENGTH = 4000;

    /** What a cookie can have as it is: encoded once more it would be a third longer. */
    private static final Pattern JWT = Pattern.compile("[\\w-]+\\.[\\w-]+\\.[\\w-]+");

    private final AuthenticationManager callers;

    ConsoleSession(AuthenticationManager callers) {
        this.callers = callers;
    }

    /**
     * The cookie of whoever has a token.
     * @return empty when the token is wrong, revoked, expired or too long for a cookie
     * @throws ProblemException {@link Problem#STORAGE_UNAVAILABLE},
     * {@link Problem#ISSUER_UNAVAILABLE}
     */
    public Optional<ResponseCookie> begin(String token, HttpServletRequest request) {
        Optional<ResponseCookie> cookie = cookieOf(token, request);
        if (token.isEmpty() || cookie.isEmpty()) {
            return Optional.empty();
        }
        try {
            callers.authenticate(new BearerTokenAuthenticationToken(token));
            return cookie;
        }
        catch (AuthenticationServiceException ex) {
            throw AccessProblems.unavailable(ex);
        }
        catch (AuthenticationException ex) {
            return Optional.empty();
        }
    }

    /**
     * The cookie of whoever was authenticated by a token.
     * @return empty when the token is too long for a cookie
     */
    static Optional<ResponseCookie> cookieOf(String token, HttpServletRequest request) {
        String value = JWT.matcher(token).matches() ? token
                : Base64.getUrlEncoder().withoutPadding().encodeToString(token.getBytes(StandardCharsets.UTF_8));
        return (value.length() <= MAX_LENGTH) ? Optional.of(cookie(value, request).build()) : Optional.empty();
    }

    /** The cookie that takes the place of any. */
    public static ResponseCookie end(HttpServletRequest request) {
        return cookie("", request).maxAge(0).build();
    }

    static @Nullable String token(HttpServletRequest request) {
        Cookie cookie = WebUtils.getCookie(request, NAME);
        if (cookie == null || cookie.getValue().isEmpty()) {
            return null;
        }
        if (JWT.matcher(cookie.getValue()).matches()) {
            return cookie.getValue();
        }
        try {
            return new String(Base64.getUrlDecoder().decode(cookie.getValue()), StandardCharsets.UTF_8);
        }
        catch (IllegalArgumentException ex) {
            return null;
        }
    }

    private static ResponseCookie.ResponseCookieBuilder cookie(String value, HttpServletRequest request) {
        return ResponseCookie.from(NAME, value)
            .httpOnly(true)
            .secure(request.isSecure())
            .sameSite("Strict")
            .path(PublicPath.of(request, "/console"));
    }

}
