package dev.dejavu.history;

import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.dejavu.cache.Cache;
import dev.dejavu.cache.Prunable;

/**
 * What is too old or too much is deleted as expired entries are.
 */
@Configuration(proxyBeanMethods = false)
class HistoryConfiguration {

    /** The time of a PUT is kept until the expiry of what it stored is forgotten. */
    @Bean
    Prunable historyEvents(HistoryPruningRepository repository, HistoryProperties properties, List<Cache<?>> caches,
            Clock clock) {
        Duration ttl = caches.stream()
            .map((cache) -> cache.timeToLive().ttl())
            .max(Comparator.naturalOrder())
            .orElse(Duration.ZERO);
        return new EventPruning("events of the history", "history_event", repository,
                properties.isOff() ? Duration.ZERO : properties.keep().plus(ttl), properties.maxRows(), clock);
    }

    @Bean
    Prunable historyRegistryEvents(HistoryPruningRepository repository, HistoryProperties properties, Clock clock) {
        return new EventPruning("events of registries", "history_registry_event", repository, properties.keep(),
                properties.maxRows(), clock);
    }

    @Bean
    Prunable historyServed(HistoryPruningRepository repository, HistoryProperties properties, Clock clock) {
        return new ServedPruning(repository, properties, clock);
    }

}
