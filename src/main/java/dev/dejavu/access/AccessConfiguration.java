package dev.dejavu.access;

import java.util.List;

import jakarta.servlet.http.HttpServletRequest;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.AuthenticationManagerResolver;
import org.springframework.security.config.ObjectPostProcessor;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.config.observation.SecurityObservationSettings;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;
import org.springframework.security.oauth2.server.resource.web.authentication.BearerTokenAuthenticationFilter;
import org.springframework.security.web.DefaultSecurityFilterChain;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.AuthenticationEntryPointFailureHandler;
import org.springframework.security.web.firewall.HttpFirewall;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter.ReferrerPolicy;
import org.springframework.security.web.util.matcher.AnyRequestMatcher;

import dev.dejavu.access.AccessProperties.Mode;

/**
 * The security in front of every request.
 */
@Configuration(proxyBeanMethods = false)
class AccessConfiguration {

    // Swagger UI styles its elements itself and has images in its style sheet.
    private static final String CONTENT_SECURITY_POLICY = "default-src 'self'; img-src 'self' data:;"
            + " style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

    /** As set; else open on loopback and with tokens elsewhere. */
    @Bean
    Mode accessMode(AccessProperties properties, ListenAddress address) {
        Mode mode = properties.mode();
        if (mode != null) {
            return mode;
        }
        return address.isLoopback() ? Mode.OPEN : Mode.TOKENS;
    }

    @Bean
    AuthenticationManagerResolver<HttpServletRequest> authenticationManagers(AuthenticationManager callers,
            ScrapeToken monitor) {
        AuthenticationManager monitors = (request) -> {
            Authentication found = monitor.authenticate(((BearerTokenAuthenticationToken) request).getToken());
            return (found != null) ? found : callers.authenticate(request);
        };
        return (request) -> Role.readsMetrics(request) ? monitors : callers;
    }

    @Bean
    AuthenticationManager authenticationManager(TokenAuthenticator tokens, OidcAuthenticator oidc) {
        return (request) -> {
            String token = ((BearerTokenAuthenticationToken) request).getToken();
            return (oidc.looksLikeJwt(token) && !tokens.isKnown(token)) ? oidc.authenticate(token)
                    : tokens.authenticate(token);
        };
    }

    /**
     * Requests that need no role: health, and the pages, which have the headers that
     * browsers obey.
     */
    @Bean
    @Order(1)
    SecurityFilterChain pages(HttpSecurity http) {
        return bare(http).securityMatcher((request) -> Role.requiredFor(request) == null)
            .anonymous(AbstractHttpConfigurer::disable)
            .headers((headers) -> headers.cacheControl((cacheControl) -> cacheControl.disable())
                .contentTypeOptions((options) -> options.disable())
                .contentSecurityPolicy((policy) -> policy.policyDirectives(CONTENT_SECURITY_POLICY))
                .referrerPolicy((policy) -> policy.policy(ReferrerPolicy.NO_REFERRER)))
            .build();
    }

    @Bean
    @Order(2)
    SecurityFilterChain calls(HttpSecurity http, Mode mode, ListenAddress address, AccessProperties properties,
            AuthenticationManagerResolver<HttpServletRequest> authenticationManagers, AccessProblems problems) {
        if (mode == Mode.OPEN) {
            return new DefaultSecurityFilterChain(AnyRequestMatcher.INSTANCE,
                    address.isLoopback() ? List.of(new LocalHostFilter(problems)) : List.of());
        }
        return bare(http).headers(AbstractHttpConfigurer::disable)
            .oauth2ResourceServer((server) -> server.bearerTokenResolver(new TokenResolver())
                .authenticationManagerResolver(authenticationManagers)
                .authenticationEntryPoint(problems)
                .accessDeniedHandler(problems)
                .withObjectPostProcessor(answeringOutages(problems)))
            .exceptionHandling((handling) -> handling.authenticationEntryPoint(problems).accessDeniedHandler(problems))
            .authorizeHttpRequests(
                    (requests) -> requests.anyRequest().access(new RequiredRole(properties.anonymousRead())))
            .build();
    }

    /** By default the exception of an outage leaves the filter, as a 500. */
    private static ObjectPostProcessor<BearerTokenAuthenticationFilter> answeringOutages(AccessProblems problems) {
        AuthenticationEntryPointFailureHandler handler = new AuthenticationEntryPointFailureHandler(problems);
        handler.setRethrowAuthenticationServiceException(false);
        return new ObjectPostProcessor<>() {
            @Override
            public <O extends BearerTokenAuthenticationFilter> O postProcess(O filter) {
                filter.setAuthenticationFailureHandler(handler);
                return filter;
            }
        };
    }

    /** There are no sessions, no forms and no cookies, so nothing of what guards them. */
    static HttpSecurity bare(HttpSecurity http) {
        return http.csrf(AbstractHttpConfigurer::disable)
            .sessionManagement((session) -> session.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
            .requestCache(AbstractHttpConfigurer::disable)
            .logout(AbstractHttpConfigurer::disable)
            .servletApi(AbstractHttpConfigurer::disable);
    }

    /** To observe each filter of each request costs more than the filters. */
    @Bean
    SecurityObservationSettings securityObservation() {
        return SecurityObservationSettings.noObservations();
    }

    @Bean
    HttpFirewall firewall() {
        return new PlainPathFirewall();
    }

}
