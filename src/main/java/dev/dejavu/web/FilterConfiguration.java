package dev.dejavu.web;

import io.micrometer.observation.ObservationRegistry;
import jakarta.servlet.Filter;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.filter.ServerHttpObservationFilter;
import org.springframework.web.servlet.resource.ResourceUrlEncodingFilter;

/**
 * The order of the filters: semicolons, access control, entries, unflushed responses,
 * observation. One of Spring Boot's is off.
 */
@Configuration(proxyBeanMethods = false)
class FilterConfiguration {

    private final int accessControl;

    FilterConfiguration(@Value("${spring.security.filter.order}") int accessControl) {
        this.accessControl = accessControl;
    }

    @Bean
    FilterRegistrationBean<SemicolonFilter> semicolonFilterRegistration(SemicolonFilter filter) {
        return registration(filter, -1);
    }

    @Bean
    FilterRegistrationBean<EntryFilter> entryFilterRegistration(EntryFilter filter) {
        return registration(filter, 1);
    }

    @Bean
    FilterRegistrationBean<UnflushedResponses> unflushedResponsesRegistration(UnflushedResponses filter) {
        return registration(filter, 2);
    }

    /**
     * Spring Boot's {@code http.server.requests}, of the requests that reach a
     * controller: to observe one costs more than to answer it from memory.
     */
    @Bean
    FilterRegistrationBean<ServerHttpObservationFilter> observationFilter(ObservationRegistry registry) {
        return registration(new ServerHttpObservationFilter(registry), 3);
    }

    /**
     * It would wrap every request for the versions in a few links of the console.
     */
    @Bean
    FilterRegistrationBean<ResourceUrlEncodingFilter> resourceUrlEncodingFilter() {
        FilterRegistrationBean<ResourceUrlEncodingFilter> registration = new FilterRegistrationBean<>(
                new ResourceUrlEncodingFilter());
        registration.setEnabled(false);
        return registration;
    }

    private <F extends Filter> FilterRegistrationBean<F> registration(F filter, int place) {
        FilterRegistrationBean<F> registration = new FilterRegistrationBean<>(filter);
        registration.setOrder(accessControl + place);
        return registration;
    }

}
