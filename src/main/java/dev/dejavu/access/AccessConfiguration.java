package dev.dejavu.access;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.config.observation.SecurityObservationSettings;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;
import org.springframework.security.web.DefaultSecurityFilterChain;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.firewall.FirewalledRequest;
import org.springframework.security.web.firewall.HttpFirewall;
import org.springframework.security.web.firewall.StrictHttpFirewall;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter.ReferrerPolicy;
import org.springframework.security.web.util.matcher.AnyRequestMatcher;

import dev.dejavu.access.AccessProperties.Mode;
import dev.dejavu.cache.LocalHosts;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * Stands before every request.
 */
@Configuration(proxyBeanMethods = false)
class AccessConfiguration {

    private static final Logger log = LoggerFactory.getLogger(AccessConfiguration.class);

    // Swagger UI styles its elements itself and has images in its style sheet.
    private static final String CONTENT = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline';"
            + " frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

    private static final Duration PAUSE = Duration.ofSeconds(1);

    /** As set; else open on loopback and with tokens elsewhere. */
    @Bean
    Mode accessMode(AccessProperties properties, Environment environment) {
        Mode mode = properties.mode();
        if (mode != null) {
            return mode;
        }
        return isLoopback(environment) ? Mode.OPEN : Mode.TOKENS;
    }

    @Bean
    AuthenticationManager authenticationManager(TokenCache tokens, OidcAuthenticator oidcTokens) {
        return (request) -> {
            String token = ((BearerTokenAuthenticationToken) request).getToken();
            return (oidcTokens.areLike(token) && !tokens.have(token)) ? oidcTokens.authenticate(token)
                    : tokens.authenticate(token);
        };
    }

    /**
     * What needs no role: health, and the pages, which have the headers that browsers
     * obey.
     */
    @Bean
    @Order(1)
    SecurityFilterChain pages(HttpSecurity http) {
        return bare(http).securityMatcher((request) -> Role.neededFor(request) == null)
            .anonymous(AbstractHttpConfigurer::disable)
            .headers((headers) -> headers.cacheControl((cacheControl) -> cacheControl.disable())
                .contentSecurityPolicy((policy) -> policy.policyDirectives(CONTENT))
                .referrerPolicy((policy) -> policy.policy(ReferrerPolicy.NO_REFERRER)))
            .build();
    }

    @Bean
    @Order(2)
    SecurityFilterChain calls(HttpSecurity http, Mode mode, AccessProperties properties,
            AuthenticationManager authenticationManager, AccessProblems refusals) {
        if (mode == Mode.OPEN) {
            boolean said = properties.mode() != null;
            return new DefaultSecurityFilterChain(AnyRequestMatcher.INSTANCE,
                    said ? List.of() : List.of(onlyFromHere(refusals)));
        }
        return bare(http).headers(AbstractHttpConfigurer::disable)
            .oauth2ResourceServer((server) -> server.bearerTokenResolver(new TokenResolver())
                .authenticationManagerResolver((request) -> authenticationManager)
                .authenticationEntryPoint(refusals)
                .accessDeniedHandler(refusals))
            .exceptionHandling((handling) -> handling.authenticationEntryPoint(refusals).accessDeniedHandler(refusals))
            .authorizeHttpRequests(
                    (requests) -> requests.anyRequest().access(new RequiredRole(properties.anonymousRead())))
            .build();
    }

    /**
     * A service that is open because it listens on loopback answers to its own names: to
     * others it would be open through a proxy, or through a web page whose name leads
     * here (DNS rebinding).
     */
    private static Filter onlyFromHere(AccessProblems refusals) {
        return (request, response, chain) -> {
            if (LocalHosts.contains(request.getServerName())) {
                chain.doFilter(request, response);
            }
            else {
                refusals.refuse((HttpServletRequest) request, (HttpServletResponse) response, new ProblemException(
                        Problem.FORBIDDEN,
                        "Without dejavu.access.mode this service answers to localhost only, not to this Host."));
            }
        };
    }

    /** There are no sessions, no forms and no cookies, so nothing of what guards them. */
    private static HttpSecurity bare(HttpSecurity http) {
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

    /**
     * Says who is let in; a database that comes late gets its first token when it comes.
     */
    @Bean
    ApplicationListener<ApplicationReadyEvent> accessLine(Mode mode, TokenCache tokens, Environment environment) {
        return (event) -> {
            if (mode == Mode.TOKENS) {
                Thread.ofVirtual().start(() -> begin(tokens, event.getApplicationContext()));
            }
            else if (!isLoopback(environment)) {
                log.warn("Open to everyone who reaches {}: dejavu.access.mode is open. Who can write here decides what"
                        + " others run.", environment.getProperty("server.address", "this machine"));
            }
        };
    }

    private static void begin(TokenCache tokens, ConfigurableApplicationContext context) {
        while (context.isActive()) {
            try {
                tokens.current();
                return;
            }
            catch (Unavailable ex) {
                LockSupport.parkNanos(PAUSE.toNanos());
            }
        }
    }

    private static boolean isLoopback(Environment environment) {
        boolean apart = environment.containsProperty("management.server.port");
        return isLoopback(environment.getProperty("server.address", ""))
                && (!apart || isLoopback(environment.getProperty("management.server.address", "")));
    }

    private static boolean isLoopback(String address) {
        try {
            return !address.isEmpty() && InetAddress.getByName(address).isLoopbackAddress();
        }
        catch (UnknownHostException ex) {
            return false;
        }
    }

    /** Lets every method pass: which ones a path has, the service itself says. */
    @Bean
    HttpFirewall firewall() {
        StrictHttpFirewall firewall = new PlainPathFirewall();
        firewall.setUnsafeAllowAnyHttpMethod(true);
        // A value that is no text is refused where it is read; what is not read does not
        // matter.
        firewall.setAllowedHeaderValues((value) -> true);
        firewall.setAllowedParameterNames((name) -> true);
        firewall.setAllowedParameterValues((value) -> true);
        return firewall;
    }

    /**
     * Looks for what is dangerous in a path only where there is anything but letters,
     * digits and single slashes: to look costs more than to answer.
     */
    private static final class PlainPathFirewall extends StrictHttpFirewall {

        @Override
        public FirewalledRequest getFirewalledRequest(HttpServletRequest request) {
            return isPlain(request.getRequestURI()) ? new PlainRequest(request) : super.getFirewalledRequest(request);
        }

        private static boolean isPlain(String path) {
            char last = ' ';
            for (int at = 0; at < path.length(); at++) {
                char next = path.charAt(at);
                boolean plain = (next >= 'a' && next <= 'z') || (next >= '0' && next <= '9')
                        || (next == '/' && last != '/');
                if (!plain) {
                    return false;
                }
                last = next;
            }
            return true;
        }

    }

    private static final class PlainRequest extends FirewalledRequest {

        PlainRequest(HttpServletRequest request) {
            super(request);
        }

        @Override
        public void reset() {
            // Nothing was changed.
        }

    }

}
