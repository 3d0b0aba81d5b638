package dev.dejavu.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseCookie;
import org.springframework.web.util.WebUtils;

import dev.dejavu.api.PublicPath;

/**
 * What a browser keeps in a cookie between the beginning of a sign-in and its end: a
 * secret of which the state, the nonce and the PKCE verifier are made, so that only the
 * browser that began it can end it, at any instance. To sign it would add nothing:
 * whoever could plant a cookie could plant one that was made for himself.
 *
 * @param from the page to return to; empty for none
 */
record SignInState(String secret, String from) {

    private static final String NAME = "dejavu-sign-in";

    private static final Duration MAX_AGE = Duration.ofMinutes(10);

    private static final int MAX_FROM = 2000;

    private static final Pattern VALUE = Pattern.compile("([\\w-]{43})\\.([\\w-]*)");

    private static final SecureRandom random = new SecureRandom();

    static SignInState begin(@Nullable String from) {
        byte[] secret = new byte[32];
        random.nextBytes(secret);
        return new SignInState(encoded(secret), (from != null && from.length() < MAX_FROM) ? from : "");
    }

    /** What the browser of a request keeps; {@code null} for nothing. */
    static @Nullable SignInState of(HttpServletRequest request) {
        Cookie cookie = WebUtils.getCookie(request, NAME);
        Matcher value = VALUE.matcher((cookie != null) ? cookie.getValue() : "");
        try {
            return value.matches() ? new SignInState(value.group(1),
                    new String(Base64.getUrlDecoder().decode(value.group(2)), StandardCharsets.UTF_8)) : null;
        }
        catch (IllegalArgumentException ex) {
            return null;
        }
    }

    /** Unlike the session's it is sent when the provider leads the browser back. */
    ResponseCookie cookie(HttpServletRequest request) {
        return cookie(secret + "." + encoded(from.getBytes(StandardCharsets.UTF_8)), MAX_AGE, request);
    }

    static ResponseCookie end(HttpServletRequest request) {
        return cookie("", Duration.ZERO, request);
    }

    private static ResponseCookie cookie(String value, Duration maxAge, HttpServletRequest request) {
        return ResponseCookie.from(NAME, value)
            .httpOnly(true)
            .secure(request.isSecure())
            .sameSite("Lax")
            .path(PublicPath.of(request, ConsoleSignIn.PATH))
            .maxAge(maxAge)
            .build();
    }

    String state() {
        return hash("state:" + secret);
    }

    String nonce() {
        return hash("nonce:" + secret);
    }

    String verifier() {
        return hash("verifier:" + secret);
    }

    boolean hasState(@Nullable String state) {
        return state != null && MessageDigest.isEqual(state().getBytes(StandardCharsets.UTF_8),
                state.getBytes(StandardCharsets.UTF_8));
    }

    /** As in the challenge of PKCE (RFC 7636, section 4.2). */
    static String hash(String text) {
        try {
            return encoded(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        }
        catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException(ex);
        }
    }

    private static String encoded(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

}
