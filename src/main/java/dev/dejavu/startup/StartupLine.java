package dev.dejavu.startup;

import java.util.List;
import java.util.stream.Collectors;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.info.BuildProperties;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;
import org.springframework.format.annotation.DurationFormat;
import org.springframework.format.datetime.standard.DurationFormatterUtils;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.Cache;

/**
 * Logs in one line what was started: version, address, database, TTLs.
 */
@Component
class StartupLine {

    private static final Logger log = LoggerFactory.getLogger(StartupLine.class);

    private final Environment environment;

    private final List<Cache<?>> caches;

    private final ObjectProvider<BuildProperties> build;

    StartupLine(Environment environment, List<Cache<?>> caches, ObjectProvider<BuildProperties> build) {
        this.environment = environment;
        this.caches = caches;
        this.build = build;
    }

    @EventListener(ApplicationReadyEvent.class)
    void log() {
        BuildProperties version = build.getIfAvailable();
        log.info("Dejavu {} listening on http://{}:{}, keeps {} in {}", (version != null) ? version.getVersion() : "",
                environment.getProperty("server.address", "0.0.0.0"), environment.getProperty("local.server.port"),
                caches.stream().map(StartupLine::ttl).collect(Collectors.joining(" and ")),
                JdbcUrl.describe(environment.getRequiredProperty("spring.datasource.url")));
    }

    private static String ttl(Cache<?> cache) {
        return cache.name() + " for "
                + DurationFormatterUtils.print(cache.timeToLive().ttl(), DurationFormat.Style.COMPOSITE);
    }

}
