package dev.dejavu.pruning;

import java.time.Duration;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * When expired rows are deleted, and how many at once.
 *
 * @param probability share of single reads that start a prune in the background, 0 to 1
 * @param interval mean time between scheduled prunes
 * @param batchSize rows deleted in one statement, so that no prune holds the write lock
 * for long
 */
@ConfigurationProperties("dejavu.pruning")
record PruningProperties(@DefaultValue("0.05") double probability, @DefaultValue("1h") Duration interval,
        @DefaultValue("1000") int batchSize) {

    PruningProperties {
        if (!(probability >= 0 && probability <= 1)) {
            throw new InvalidConfigurationPropertyValueException("dejavu.pruning.probability", probability,
                    "must be from 0 to 1");
        }
        if (interval.compareTo(Duration.ofSeconds(1)) < 0 || interval.compareTo(Duration.ofDays(365)) > 0) {
            throw new InvalidConfigurationPropertyValueException("dejavu.pruning.interval", interval,
                    "must be from 1s to 365d");
        }
        if (batchSize < 1 || batchSize > 100_000) {
            throw new InvalidConfigurationPropertyValueException("dejavu.pruning.batch-size", batchSize,
                    "must be from 1 to 100000");
        }
    }

}
