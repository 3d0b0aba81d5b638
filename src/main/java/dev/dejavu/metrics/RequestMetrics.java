package dev.dejavu.metrics;

import io.micrometer.observation.ObservationRegistry;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.filter.ServerHttpObservationFilter;

/**
 * Spring Boot's {@code http.server.requests}, of the requests that reach a controller: to
 * observe one costs more than to answer it from near.
 */
@Configuration(proxyBeanMethods = false)
class RequestMetrics {

    @Bean
    FilterRegistrationBean<ServerHttpObservationFilter> observationFilter(ObservationRegistry registry) {
        FilterRegistrationBean<ServerHttpObservationFilter> registration = new FilterRegistrationBean<>(
                new ServerHttpObservationFilter(registry));
        registration.setOrder(-1000);
        return registration;
    }

}
