package dev.dejavu.access;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.security.web.csrf.CookieCsrfTokenRepository;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.security.web.csrf.CsrfTokenRepository;

import dev.dejavu.api.PublicPath;

/**
 * Tokens against forgery in a cookie that browsers send to the console alone, also behind
 * the prefix of a proxy.
 */
final class ConsoleCsrfTokens implements CsrfTokenRepository {

    private final CookieCsrfTokenRepository tokens = tokens();

    @Override
    public CsrfToken generateToken(HttpServletRequest request) {
        return tokens.generateToken(request);
    }

    @Override
    public void saveToken(@Nullable CsrfToken token, HttpServletRequest request, HttpServletResponse response) {
        CookieCsrfTokenRepository there = tokens();
        there.setCookiePath(PublicPath.of(request, "/console"));
        there.saveToken(token, request, response);
    }

    @Override
    public @Nullable CsrfToken loadToken(HttpServletRequest request) {
        return tokens.loadToken(request);
    }

    private static CookieCsrfTokenRepository tokens() {
        CookieCsrfTokenRepository tokens = new CookieCsrfTokenRepository();
        tokens.setCookieName("dejavu-csrf");
        tokens.setCookieCustomizer((cookie) -> cookie.sameSite("Strict").httpOnly(true));
        return tokens;
    }

}
