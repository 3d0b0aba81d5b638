package dev.dejavu.access;

import java.io.IOException;
import java.util.List;

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
 * Refuses requests to another host than localhost, and those that came through a proxy. A
 * service that is open because it listens on loopback would otherwise be open to all whom
 * the proxy lets in, or through a web page whose name leads here (DNS rebinding).
 */
record LocalHostFilter(AccessProblems problems) implements Filter {

    private static final List<String> OF_PROXIES = List.of("X-Forwarded-For", "Forwarded", HttpHeaders.VIA, "X-Real-IP",
            "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix");

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        // A page can send what a proxy sends, and only there it can choose the name.
        HttpServletRequest httpRequest = (HttpServletRequest) request;
        String host = httpRequest.getHeader(HttpHeaders.HOST);
        if (!LocalHosts.contains(request.getServerName()) || (host != null && !LocalHosts.contains(name(host)))) {
            refuse(httpRequest, response, "An open service on loopback answers to localhost only, not to this Host.");
        }
        else if (isForwarded(httpRequest)) {
            refuse(httpRequest, response, "An open service on loopback answers to no proxy:"
                    + " set dejavu.access.mode=tokens, as whoever reaches the proxy could do everything.");
        }
        else {
            chain.doFilter(request, response);
        }
    }

    private void refuse(HttpServletRequest request, ServletResponse response, String detail) {
        problems.refuse(request, (HttpServletResponse) response, new ProblemException(Problem.FORBIDDEN, detail));
    }

    /** By its headers, or by the address that Tomcat has taken from them. */
    private static boolean isForwarded(HttpServletRequest request) {
        return hasHeaderOfProxy(request)
                || !(request.getRemoteAddr().startsWith("127.") || LocalHosts.contains(request.getRemoteAddr()));
    }

    /** Of every request, so without a stream. */
    private static boolean hasHeaderOfProxy(HttpServletRequest request) {
        for (String header : OF_PROXIES) {
            if (request.getHeader(header) != null) {
                return true;
            }
        }
        return false;
    }

    private static String name(String host) {
        int colon = host.lastIndexOf(':');
        return (colon < 0 || host.endsWith("]")) ? host : host.substring(0, colon);
    }

}
