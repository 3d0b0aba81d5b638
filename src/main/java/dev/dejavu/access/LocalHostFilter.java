package dev.dejavu.access;

import java.io.IOException;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.http.HttpHeaders;

import dev.dejavu.cache.LocalHosts;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * Refuses requests to another host than localhost. A service that is open because it
 * listens on loopback would otherwise be open through a proxy, or through a web page
 * whose name leads here (DNS rebinding).
 */
record LocalHostFilter(AccessProblems problems) implements Filter {

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        // A page can send what a proxy sends, and only there it can choose the name.
        String host = ((HttpServletRequest) request).getHeader(HttpHeaders.HOST);
        if (LocalHosts.contains(request.getServerName()) && (host == null || LocalHosts.contains(name(host)))) {
            chain.doFilter(request, response);
        }
        else {
            problems.refuse((HttpServletRequest) request, (HttpServletResponse) response, new ProblemException(
                    Problem.FORBIDDEN, "An open service on loopback answers to localhost only, not to this Host."));
        }
    }

    private static String name(String host) {
        int colon = host.lastIndexOf(':');
        return (colon < 0 || host.endsWith("]")) ? host : host.substring(0, colon);
    }

}
