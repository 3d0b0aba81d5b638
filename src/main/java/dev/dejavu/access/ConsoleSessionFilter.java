package dev.dejavu.access;

import java.io.IOException;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.http.HttpHeaders;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;
import org.springframework.security.web.WebAttributes;

/**
 * Authenticates who is signed in to the console.
 */
record ConsoleSessionFilter(AuthenticationManager callers) implements Filter {

    private static final String ENDED = ConsoleSessionFilter.class.getName() + ".ENDED";

    /** Whether the token of a request was good once, as when it has expired. */
    static boolean hasEnded(HttpServletRequest request) {
        return request.getAttribute(ENDED) != null;
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        HttpServletRequest httpRequest = (HttpServletRequest) request;
        HttpServletResponse httpResponse = (HttpServletResponse) response;
        String token = (request.getDispatcherType() == DispatcherType.REQUEST) ? ConsoleSession.token(httpRequest)
                : null;
        if (token != null) {
            try {
                SecurityContextHolder.setContext(
                        new SecurityContextImpl(callers.authenticate(new BearerTokenAuthenticationToken(token))));
            }
            catch (AuthenticationServiceException ex) {
                request.setAttribute(WebAttributes.AUTHENTICATION_EXCEPTION, AccessProblems.unavailable(ex));
                httpResponse.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
                request.getRequestDispatcher(ConsoleSecurity.REFUSED).forward(request, response);
                return;
            }
            catch (AuthenticationException ex) {
                httpResponse.addHeader(HttpHeaders.SET_COOKIE, ConsoleSession.end(httpRequest).toString());
                request.setAttribute(ENDED, true);
            }
        }
        chain.doFilter(request, response);
    }

}
