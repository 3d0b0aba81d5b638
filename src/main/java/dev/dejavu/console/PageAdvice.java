package dev.dejavu.console;

import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.ModelAttribute;
import org.springframework.web.servlet.ModelAndView;

import dev.dejavu.access.Visitor;
import dev.dejavu.access.Visitors;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.web.ProblemBody;

/**
 * What all pages have, and the page about what went wrong.
 */
@ControllerAdvice(annotations = Page.class)
class PageAdvice implements Ordered {

    private final Visitors visitors;

    PageAdvice(Visitors visitors) {
        this.visitors = visitors;
    }

    /** Before the one that answers in JSON. */
    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE;
    }

    @ModelAttribute
    Visitor visitor(HttpServletRequest request) {
        // Its cookie has to be set before the page begins.
        if (request.getAttribute(CsrfToken.class.getName()) instanceof CsrfToken token) {
            token.getToken();
        }
        return visitors.current();
    }

    @ExceptionHandler
    ModelAndView handle(ProblemException ex, HttpServletRequest request) {
        return page(HttpStatusCode.valueOf(ProblemBody.of(ex.problem(), null).getStatus()), ex.problem().title(),
                ex.getMessage(), request);
    }

    @ExceptionHandler
    ModelAndView handle(DataAccessException ex, HttpServletRequest request) {
        return page(HttpStatus.SERVICE_UNAVAILABLE, "The database does not answer",
                "The log of the service says why. Clients go on without the cache, and so can you: try again in a moment.",
                request);
    }

    ModelAndView page(HttpStatusCode status, String title, @Nullable String detail, HttpServletRequest request) {
        ModelAndView page = new ModelAndView("console/problem", HttpStatus.valueOf(status.value()));
        page.addObject("visitor", visitor(request));
        page.addObject("title", title);
        page.addObject("detail", detail);
        return page;
    }

}
