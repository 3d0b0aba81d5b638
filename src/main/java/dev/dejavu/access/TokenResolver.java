package dev.dejavu.access;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.security.oauth2.server.resource.InvalidBearerTokenException;
import org.springframework.security.oauth2.server.resource.web.BearerTokenResolver;

/**
 * Reads the token of a request: after {@code Bearer}, or as the password of
 * {@code Basic}, whose user is ignored.
 */
class TokenResolver implements BearerTokenResolver {

    private static final String BEARER = "Bearer ";

    private static final String BASIC = "Basic ";

    @Override
    public @Nullable String resolve(HttpServletRequest request) {
        String header = request.getHeader(HttpHeaders.AUTHORIZATION);
        if (header == null) {
            return null;
        }
        String token = "";
        if (header.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            token = header.substring(BEARER.length()).strip();
        }
        else if (header.regionMatches(true, 0, BASIC, 0, BASIC.length())) {
            token = password(header.substring(BASIC.length()).strip());
        }
        if (token.isEmpty()) {
            throw new InvalidBearerTokenException("There is no token in Authorization.");
        }
        return token;
    }

    private static String password(String credentials) {
        try {
            String decoded = new String(Base64.getDecoder().decode(credentials), StandardCharsets.UTF_8);
            return decoded.substring(decoded.indexOf(':') + 1);
        }
        catch (IllegalArgumentException ex) {
            return "";
        }
    }

}
