package dev.dejavu.storage;

import java.time.Clock;

import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.transaction.support.TransactionOperations;

import dev.dejavu.commit.GroupCommit;

/**
 * Watermarks are committed apart from entries: no event waits for a row of a cache.
 */
@Configuration(proxyBeanMethods = false)
class WatermarkConfiguration {

    @Bean(defaultCandidate = false)
    GroupCommit watermarkCommit(TransactionOperations transaction) {
        return new GroupCommit(transaction);
    }

    @Bean
    WatermarkRepository watermarkRepository(CacheDatabase database,
            @Qualifier("watermarkCommit") GroupCommit watermarkCommit, TransactionOperations transaction, Clock clock) {
        return new WatermarkRepository(database, watermarkCommit, transaction, clock);
    }

}
