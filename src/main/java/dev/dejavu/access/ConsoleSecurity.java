package dev.dejavu.access;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.web.AuthenticationEntryPoint;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.AccessDeniedHandlerImpl;
import org.springframework.security.web.authentication.session.NullAuthenticatedSessionStrategy;
import org.springframework.security.web.csrf.CsrfFilter;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter.ReferrerPolicy;
import org.springframework.security.web.util.matcher.RequestMatcher;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.servlet.HandlerMapping;
import org.springframework.web.util.ServletRequestPathUtils;

import dev.dejavu.access.AccessProperties.Mode;
import dev.dejavu.api.PublicPath;

/**
 * The security of the console: who is signed in has a cookie, so each change needs a
 * token against forgery, which stands in a cookie and in the form. The API takes no
 * cookie.
 */
@Configuration(proxyBeanMethods = false)
class ConsoleSecurity {

    /** The page of those who may not do what they tried. */
    static final String REFUSED = "/console/refused";

    private static final String CONTENT_SECURITY_POLICY = "default-src 'none'; script-src 'self'; style-src 'self';"
            + " img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

    @Bean
    @Order(0)
    SecurityFilterChain console(HttpSecurity http, Mode mode, ListenAddress address, AccessProperties properties,
            AuthenticationManager callers, AccessProblems problems,
            @Qualifier("requestMappingHandlerMapping") ObjectProvider<HandlerMapping> pages) {
        AccessDeniedHandlerImpl refusal = new AccessDeniedHandlerImpl();
        refusal.setErrorPage(REFUSED);
        AccessConfiguration.bare(http)
            .securityMatcher((request) -> ConsolePaths.contain(Role.path(request)))
            // Each request would renew the token as if it signed in, and another tab
            // would have the old one.
            .csrf((csrf) -> csrf.requireCsrfProtectionMatcher(new ChangingCall(SingletonSupplier.of(pages::getObject)))
                .csrfTokenRepository(new ConsoleCsrfTokens())
                .sessionAuthenticationStrategy(new NullAuthenticatedSessionStrategy()))
            .headers((headers) -> headers.contentTypeOptions((options) -> options.disable())
                .contentSecurityPolicy((policy) -> policy.policyDirectives(CONTENT_SECURITY_POLICY))
                .referrerPolicy((policy) -> policy.policy(ReferrerPolicy.SAME_ORIGIN)))
            .exceptionHandling((handling) -> handling.authenticationEntryPoint(signIn()).accessDeniedHandler(refusal));
        if (mode == Mode.OPEN) {
            if (address.isLoopback()) {
                http.addFilterBefore(new LocalHostFilter(problems), CsrfFilter.class);
            }
            return http.build();
        }
        return http.addFilterBefore(new ConsoleSessionFilter(callers), CsrfFilter.class)
            .authorizeHttpRequests((requests) -> requests.dispatcherTypeMatchers(DispatcherType.FORWARD)
                .permitAll()
                .anyRequest()
                .access(new RequiredRole(properties.anonymousRead())))
            .build();
    }

    /**
     * Matches what may change something. What the console does not have is no form that
     * could be forged: its answer, as 405, needs no token and no cookie.
     */
    private record ChangingCall(SingletonSupplier<HandlerMapping> pages) implements RequestMatcher {

        @Override
        public boolean matches(HttpServletRequest request) {
            return CsrfFilter.DEFAULT_CSRF_MATCHER.matches(request) && isThere(request);
        }

        private boolean isThere(HttpServletRequest request) {
            try {
                ServletRequestPathUtils.parseAndCache(request);
                return pages.obtain().getHandler(request) != null;
            }
            catch (HttpRequestMethodNotSupportedException ex) {
                return false;
            }
            catch (Exception ex) {
                // It may be there.
                return true;
            }
        }

    }

    private static AuthenticationEntryPoint signIn() {
        return (request, response, ex) -> {
            String page = PublicPath.of(request, "/console/sign-in");
            String ended = ConsoleSessionFilter.hasEnded(request) ? "ended" : "";
            if (request.getHeader("HX-Request") != null) {
                response.setHeader("HX-Redirect", page + query(ended));
                response.setStatus(HttpServletResponse.SC_UNAUTHORIZED);
                return;
            }
            String from = HttpMethod.GET.matches(request.getMethod()) ? "from=" + encoded(request) : "";
            response.setHeader(HttpHeaders.LOCATION, page + query(from, ended));
            response.setStatus(HttpStatus.SEE_OTHER.value());
        };
    }

    private static String query(String... parameters) {
        String query = Stream.of(parameters).filter((one) -> !one.isEmpty()).collect(Collectors.joining("&"));
        return query.isEmpty() ? "" : "?" + query;
    }

    private static String encoded(HttpServletRequest request) {
        String query = request.getQueryString();
        return URLEncoder.encode(Role.path(request) + ((query != null) ? "?" + query : ""), StandardCharsets.UTF_8);
    }

}
