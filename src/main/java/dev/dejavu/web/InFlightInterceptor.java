package dev.dejavu.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.ResolvableType;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.util.unit.DataSize;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

import dev.dejavu.cache.Page;

/**
 * Reserves memory for a request before its body is read: for the connection, the body and
 * the answer, if they are small; a page of a list is not. {@link BodyLimit} reserves what
 * a larger body needs.
 */
@Component
class InFlightInterceptor implements HandlerInterceptor, WebMvcConfigurer {

    private static final DataSize SMALL_BODY = DataSize.ofKilobytes(64);

    /** Of a lookup; of more than that, what has arrived is reserved. */
    private static final DataSize LARGE_BODY = DataSize.ofKilobytes(160);

    /** Of the largest number of entries. */
    private static final DataSize PAGE = DataSize.ofMegabytes(2);

    private final SingletonSupplier<InFlight> inFlight;

    // Late: the web server creates its filters early, and with them Spring MVC, and its
    // log would repeat the line about an invalid setting.
    InFlightInterceptor(ObjectProvider<InFlight> inFlight) {
        this.inFlight = SingletonSupplier.of(inFlight::getObject);
    }

    @Override
    public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(this);
    }

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
        if (request.getContentLengthLong() > 0 || request.getHeader(HttpHeaders.TRANSFER_ENCODING) != null) {
            inFlight.obtain()
                .reservation()
                .awaitBody(Math.clamp(request.getContentLengthLong(), SMALL_BODY.toBytes(), LARGE_BODY.toBytes()));
        }
        else if (handler instanceof HandlerMethod method && isPage(method)) {
            inFlight.obtain().reservation().awaitAnswer(PAGE.toBytes());
        }
        return true;
    }

    private static boolean isPage(HandlerMethod method) {
        return ResolvableType.forMethodReturnType(method.getMethod()).resolveGeneric(0) == Page.class;
    }

}
