package dev.dejavu.access;

import java.net.URI;
import java.util.Objects;
import java.util.stream.Stream;

import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseCookie;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.oauth2.core.oidc.OidcIdToken;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;
import org.springframework.stereotype.Component;

/**
 * Signs people in to the console with an OpenID Connect provider. Their session is the ID
 * token, which counts as any other token of that issuer does, until it expires.
 */
@Component
@ConditionalOnProperty("dejavu.console.oidc.issuer")
public class ConsoleSignIn {

    /** Where a sign-in begins; the provider leads back to {@code /callback} below it. */
    public static final String PATH = "/console/sign-in/oidc";

    private static final Logger log = LoggerFactory.getLogger(ConsoleSignIn.class);

    private static final String AGAIN = " Sign in again.";

    private final OidcClient client;

    private final AuthenticationManager callers;

    ConsoleSignIn(ConsoleOidcProperties properties, AccessProperties access, AuthenticationManager callers) {
        this.client = new OidcClient(properties, properties.rulesIn(access.oidc()));
        this.callers = callers;
    }

    /** The provider's host. */
    public String provider() {
        return client.issuer().getHost();
    }

    /**
     * Begins.
     * @param from the page to return to
     * @throws SignInException when the provider does not answer
     */
    public Begun begin(@Nullable String from, HttpServletRequest request) throws SignInException {
        SignInState state = SignInState.begin(from);
        try {
            return new Begun(client.authorizationUri(state, request), state.cookie(request));
        }
        catch (AuthenticationServiceException ex) {
            throw unavailable(ex);
        }
    }

    /**
     * Ends.
     * @param code of the provider, if it gave one
     * @param error of the provider, if it gave one
     * @throws SignInException when nobody is signed in
     */
    public Ended end(@Nullable String state, @Nullable String code, @Nullable String error, HttpServletRequest request)
            throws SignInException {
        SignInState begun = SignInState.of(request);
        if (begun == null || !begun.hasState(state)) {
            throw new SignInException(HttpStatus.BAD_REQUEST,
                    "This browser did not begin that sign-in, or began another one since, or more than ten minutes ago."
                            + AGAIN);
        }
        try {
            OidcIdToken token = client.idToken(begun, code, error, request);
            return new Ended(session(token, request), begun.from());
        }
        catch (AuthenticationServiceException ex) {
            throw unavailable(ex);
        }
        catch (AuthenticationException ex) {
            log.warn("{} signed nobody in to the console: {}", provider(), ex.getMessage());
            throw new SignInException(HttpStatus.BAD_REQUEST,
                    "access_denied".equals(error)
                            ? provider() + " did not let you in, or you did not agree: access_denied."
                            : provider() + " signed nobody in; the log of the service says why." + AGAIN);
        }
    }

    private ResponseCookie session(OidcIdToken token, HttpServletRequest request) throws SignInException {
        Authentication caller = callers.authenticate(new BearerTokenAuthenticationToken(token.getTokenValue()));
        String name = Stream.of(token.getEmail(), token.getPreferredUsername(), token.getFullName(), caller.getName())
            .filter(Objects::nonNull)
            .findFirst()
            .orElseThrow();
        if (Role.highestOf(caller).isEmpty()) {
            log.warn("No rule of dejavu.access.oidc gives a role to {}, who signed in to the console",
                    caller.getName());
            throw new SignInException(HttpStatus.FORBIDDEN, provider() + " signed you in as " + name
                    + ", but no rule of this service gives you a role. Its administrator can add one.");
        }
        return ConsoleSession.cookieOf(token.getTokenValue(), request)
            .orElseThrow(() -> new SignInException(HttpStatus.FORBIDDEN,
                    "Your ID token of %d bytes is too large for a cookie of 4 KB: ask the administrator of %s to put fewer"
                        .formatted(token.getTokenValue().length(), provider()) + " claims into it, as the groups."));
    }

    private SignInException unavailable(AuthenticationServiceException ex) {
        log.warn("{} cannot sign in anybody to the console: {}", provider(), String.valueOf(ex.getCause()));
        return new SignInException(HttpStatus.SERVICE_UNAVAILABLE,
                provider() + " does not answer as it should; the log of the service says how. Try again in a moment.");
    }

    /**
     * A sign-in that goes on at the provider.
     */
    public record Begun(URI location, ResponseCookie cookie) {
    }

    /**
     * A sign-in that has ended well.
     *
     * @param from the page to return to, as it was given; empty for none
     */
    public record Ended(ResponseCookie session, String from) {
    }

    /** The cookie in place of that of any sign-in. */
    public static ResponseCookie forget(HttpServletRequest request) {
        return SignInState.end(request);
    }

}
