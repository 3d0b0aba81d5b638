package dev.dejavu.access;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpHeaders;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.authentication.InsufficientAuthenticationException;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.web.AuthenticationEntryPoint;
import org.springframework.security.web.access.AccessDeniedHandler;
import org.springframework.security.web.firewall.RequestRejectedException;
import org.springframework.security.web.firewall.RequestRejectedHandler;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.HandlerExceptionResolver;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * Refuses requests with a problem, the same whether a key exists or not.
 */
@Component
class AccessProblems implements AuthenticationEntryPoint, AccessDeniedHandler, RequestRejectedHandler {

    private final HandlerExceptionResolver problems;

    AccessProblems(@Qualifier("handlerExceptionResolver") HandlerExceptionResolver problems) {
        this.problems = problems;
    }

    @Override
    public void commence(HttpServletRequest request, HttpServletResponse response, AuthenticationException ex) {
        if (ex instanceof AuthenticationServiceException unavailable) {
            refuse(request, response, unavailable(unavailable));
            return;
        }
        boolean silent = ex instanceof InsufficientAuthenticationException;
        response.setHeader(HttpHeaders.WWW_AUTHENTICATE,
                "Bearer realm=\"dejavu\"" + (silent ? "" : ", error=\"invalid_token\""));
        response.addHeader(HttpHeaders.WWW_AUTHENTICATE, "Basic realm=\"dejavu\", charset=\"UTF-8\"");
        refuse(request, response,
                new ProblemException(Problem.UNAUTHENTICATED, silent
                        ? "Authentication required: send a token as Authorization: Bearer, or as the password of Basic."
                        : "The token is unknown, wrong, revoked or expired."));
    }

    /** Why nobody can say whose a token is: the database, or its issuer. */
    static ProblemException unavailable(AuthenticationServiceException ex) {
        return (ex.getCause() instanceof DataAccessException)
                ? new ProblemException(Problem.STORAGE_UNAVAILABLE, String.valueOf(ex.getMessage()))
                : ProblemException.issuerUnavailable();
    }

    @Override
    public void handle(HttpServletRequest request, HttpServletResponse response, AccessDeniedException ex) {
        Authentication caller = SecurityContextHolder.getContext().getAuthentication();
        refuse(request, response, new ProblemException(Problem.FORBIDDEN, reason(Role.requiredFor(request), caller)));
    }

    private static String reason(@Nullable Role required, @Nullable Authentication caller) {
        if (required != null && caller != null && required.isHeldBy(caller)) {
            return "This is about more than the entries that you see: your token has limits or an overlay.";
        }
        return "This requires the role %s; %s.".formatted(required,
                Role.highestOf(caller).map((role) -> "yours is " + role).orElse("no rule gives you one"));
    }

    /**
     * The firewall before all this lets pass no path with an encoded slash and the like.
     */
    @Override
    public void handle(HttpServletRequest request, HttpServletResponse response, RequestRejectedException ex) {
        refuse(request, response,
                new ProblemException(Problem.MALFORMED_KEY, "The request has characters that no key has."));
    }

    void refuse(HttpServletRequest request, HttpServletResponse response, ProblemException ex) {
        problems.resolveException(request, response, null, ex);
    }

}
