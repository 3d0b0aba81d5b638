package dev.dejavu.web;

import io.github.bucket4j.TimeMeter;
import java.util.regex.Pattern;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * Limits the rates at which one caller, of whatever role, stores entries and has
 * registries asked, before a body is read. Nothing else is limited: it costs little.
 */
@Component
class RateLimitInterceptor implements HandlerInterceptor, WebMvcConfigurer {

    /** Registries are asked. */
    private static final Pattern ASKS = Pattern.compile("/(?:resolve|check)$");

    private final CallerIdentity caller;

    private final SingletonSupplier<RateLimit> writes;

    private final SingletonSupplier<RateLimit> resolves;

    // Late, as in InFlightInterceptor.
    RateLimitInterceptor(ObjectProvider<RateLimitProperties> properties, CallerIdentity caller) {
        this.caller = caller;
        this.writes = SingletonSupplier.of(() -> new RateLimit(properties.getObject().writesPerSecond(),
                properties.getObject().writesBurst(), TimeMeter.SYSTEM_NANOTIME));
        this.resolves = SingletonSupplier.of(() -> new RateLimit(properties.getObject().resolvesPerSecond(),
                properties.getObject().resolvesBurst(), TimeMeter.SYSTEM_NANOTIME));
    }

    @Override
    public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(this);
    }

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
        if (request.getMethod().equals("PUT") || request.getServletPath().endsWith("/invalidate")
                || (request.getMethod().equals("POST") && request.getServletPath().equals("/usage"))) {
            writes.obtain().require(caller.current());
        }
        else if (request.getMethod().equals("POST") && ASKS.matcher(request.getServletPath()).find()) {
            resolves.obtain().require(caller.current());
        }
        return true;
    }

}
