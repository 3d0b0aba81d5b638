package dev.dejavu.console;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.server.ServletServerHttpRequest;
import org.springframework.web.ErrorResponse;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.servlet.HandlerExceptionResolver;
import org.springframework.web.servlet.ModelAndView;
import org.springframework.web.util.DisconnectedClientHelper;
import org.springframework.web.util.WebUtils;

import dev.dejavu.cache.ProblemException;

/**
 * Whatever goes wrong below {@code /console} is a page: also where no controller was
 * found, and where a template fails. A method that a page lacks is a problem for those
 * who do not accept HTML.
 */
@Configuration(proxyBeanMethods = false)
class PageProblems {

    private static final Logger log = LoggerFactory.getLogger(PageProblems.class);

    private static final Pattern PATH = Pattern.compile("/console(?:/.*)?", Pattern.DOTALL);

    private static final String INTERNAL = "Something is wrong in the service";

    private static final String INTERNAL_DETAIL = "The log of the service says what.";

    @Bean
    HandlerExceptionResolver pageProblemResolver(PageAdvice pages) {
        return new Resolver(pages);
    }

    @Bean
    FilterRegistrationBean<BrokenTemplates> brokenTemplatesRegistration() {
        FilterRegistrationBean<BrokenTemplates> registration = new FilterRegistrationBean<>(new BrokenTemplates());
        registration.addUrlPatterns("/console", "/console/*");
        return registration;
    }

    private record Resolver(PageAdvice pages) implements HandlerExceptionResolver, Ordered {

        /** Before all that answers in JSON. */
        @Override
        public int getOrder() {
            return Ordered.HIGHEST_PRECEDENCE;
        }

        /**
         * No link and no form has a method that its page lacks, or asks for those that it
         * has.
         */
        private static boolean isOfAClient(Exception ex, HttpServletRequest request) {
            return (ex instanceof HttpRequestMethodNotSupportedException
                    || HttpMethod.OPTIONS.matches(request.getMethod()))
                    && !IndexController.acceptsHtml(new ServletServerHttpRequest(request).getHeaders());
        }

        @Override
        public @Nullable ModelAndView resolveException(HttpServletRequest request, HttpServletResponse response,
                @Nullable Object handler, Exception ex) {
            if (!PATH.matcher(request.getServletPath()).matches() || ex instanceof ProblemException
                    || ex instanceof DataAccessException || isOfAClient(ex, request)
                    || DisconnectedClientHelper.isClientDisconnectedException(ex)) {
                return null;
            }
            if (ex instanceof ErrorResponse error) {
                error.getHeaders()
                    .forEach((name, values) -> values.forEach((value) -> response.addHeader(name, value)));
                HttpStatusCode status = error.getStatusCode();
                return pages.page(status, status.isSameCodeAs(HttpStatus.NOT_FOUND) ? "Nothing here" : "Not understood",
                        null, request);
            }
            log.error("A page of the console failed", ex);
            return pages.page(HttpStatus.INTERNAL_SERVER_ERROR, INTERNAL, INTERNAL_DETAIL, request);
        }

    }

    /** Without a template. */
    static final class BrokenTemplates extends OncePerRequestFilter {

        @Override
        protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
                throws ServletException, IOException {
            try {
                chain.doFilter(request, response);
            }
            catch (ServletException | RuntimeException ex) {
                if (response.isCommitted() || DisconnectedClientHelper.isClientDisconnectedException(ex)) {
                    throw ex;
                }
                log.error("A page of the console cannot be shown", ex);
                // Tomcat would answer them.
                WebUtils.clearErrorRequestAttributes(request);
                response.resetBuffer();
                response.setStatus(HttpServletResponse.SC_INTERNAL_SERVER_ERROR);
                response.setContentType(MediaType.TEXT_HTML_VALUE);
                response.setCharacterEncoding(StandardCharsets.UTF_8);
                response.getOutputStream()
                    .write("<!DOCTYPE html>\n<html lang=\"en\"><title>%s</title><main><h1>%1$s</h1><p>%s</p></main></html>\n"
                        .formatted(INTERNAL, INTERNAL_DETAIL)
                        .getBytes(StandardCharsets.UTF_8));
            }
        }

    }

}
