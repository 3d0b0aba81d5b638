package dev.dejavu.history;

import java.time.Clock;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.dejavu.cache.Prunable;

/**
 * What is too old or too much is deleted as expired entries are.
 */
@Configuration(proxyBeanMethods = false)
class HistoryConfiguration {

    @Bean
    Prunable historyEvents(HistoryPruningRepository repository, HistoryProperties properties, Clock clock) {
        return new EventPruning("events of the history", "history_event", repository, properties, clock);
    }

    @Bean
    Prunable historyRegistryEvents(HistoryPruningRepository repository, HistoryProperties properties, Clock clock) {
        return new EventPruning("events of registries", "history_registry_event", repository, properties, clock);
    }

    @Bean
    Prunable historyServed(HistoryPruningRepository repository, HistoryProperties properties, Clock clock) {
        return new ServedPruning(repository, properties, clock);
    }

}
