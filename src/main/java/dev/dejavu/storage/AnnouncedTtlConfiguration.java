package dev.dejavu.storage;

import java.time.Duration;
import java.util.List;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.DataAccessException;

/**
 * Announces the TTLs of this instance before it serves, and every ten minutes, so that no
 * other instance prunes what it serves.
 */
@Configuration(proxyBeanMethods = false)
class AnnouncedTtlConfiguration {

    private static final Logger log = LoggerFactory.getLogger(AnnouncedTtlConfiguration.class);

    @Bean
    RepeatedTask announceTtl(List<JdbcCacheRepository<?>> repositories) {
        return new RepeatedTask("ttl", 1, () -> announce(repositories), Duration.ofMinutes(10), Duration.ofSeconds(1));
    }

    private static boolean announce(List<JdbcCacheRepository<?>> repositories) {
        try {
            repositories.forEach(JdbcCacheRepository::announceTtl);
            return true;
        }
        catch (DataAccessException ex) {
            log.debug("The TTLs cannot be announced", ex);
            return false;
        }
    }

}
