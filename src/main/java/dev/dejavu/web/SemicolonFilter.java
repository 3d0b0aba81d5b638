package dev.dejavu.web;

import java.io.IOException;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * Refuses a semicolon in a path. No path has one; Spring Security refuses it too, but
 * Spring parses what follows before that, and throws at a bad encoding.
 */
@Component
class SemicolonFilter implements Filter {

    private final ProblemWriter problems;

    SemicolonFilter(ProblemWriter problems) {
        this.problems = problems;
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        HttpServletRequest httpRequest = (HttpServletRequest) request;
        if (httpRequest.getRequestURI().indexOf(';') < 0) {
            chain.doFilter(request, response);
        }
        else {
            problems.write(new ProblemException(Problem.MALFORMED_KEY, "The request has characters that no key has."),
                    httpRequest, (HttpServletResponse) response);
        }
    }

}
