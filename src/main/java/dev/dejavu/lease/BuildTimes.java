package dev.dejavu.lease;

import java.time.Duration;
import java.util.Optional;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.MedianCosts;

/**
 * How long the builds of a repository take, by the costs of its entries.
 */
@Component
class BuildTimes {

    private static final Logger log = LoggerFactory.getLogger(BuildTimes.class);

    private final MedianCosts medians;

    private final LeaseProperties properties;

    BuildTimes(MedianCosts medians, LeaseProperties properties) {
        this.medians = medians;
        this.properties = properties;
    }

    /** The median; empty where none is known. */
    Optional<Duration> median(String repository) {
        try {
            return medians.ofRepository(Leases.CACHE, repository)
                .map((cost) -> Duration.ofMillis(Math.round(cost.seconds() * 1000)));
        }
        catch (DataAccessException ex) {
            log.debug("The median of a repository is not known now", ex);
            return Optional.empty();
        }
    }

    /**
     * How long somebody waits for a lease before it gets one too; empty for ever. Never
     * less than a lease lives, as some costs are of a look into the registry.
     */
    Optional<Duration> patience(String repository) {
        return (properties.hedge() == 0) ? Optional.empty() : median(repository).map((median) -> Duration
            .ofMillis(Math.max(properties.ttl().toMillis(), Math.round(median.toMillis() * properties.hedge()))));
    }

}
