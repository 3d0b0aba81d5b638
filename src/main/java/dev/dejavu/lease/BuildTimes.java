package dev.dejavu.lease;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.MedianCosts;

/**
 * How long the builds of a repository take: those under leases are known best. Before the
 * first of them there are the costs of its entries, some of which are only those of a
 * look into the registry.
 */
@Component
class BuildTimes {

    private static final Logger log = LoggerFactory.getLogger(BuildTimes.class);

    /** An odd number: one of them is the median. */
    private static final int SAMPLE = 21;

    private static final Duration MAX_AGE = Duration.ofSeconds(1);

    private static final int MAX_MEDIANS = 10_000;

    /** Some builds are of layers that were there; less for leases that live shorter. */
    private static final Duration MIN_PATIENCE = Duration.ofSeconds(10);

    private final LeaseRepository repository;

    private final MedianCosts costs;

    private final LeaseProperties properties;

    private final Duration minPatience;

    private final LoadingCache<String, Optional<Duration>> medians;

    BuildTimes(LeaseRepository repository, MedianCosts costs, LeaseProperties properties, Clock clock) {
        this.repository = repository;
        this.costs = costs;
        this.properties = properties;
        this.minPatience = (properties.ttl().compareTo(MIN_PATIENCE) < 0) ? properties.ttl() : MIN_PATIENCE;
        this.medians = Caffeine.newBuilder()
            .ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.millis()))
            .expireAfterWrite(MAX_AGE)
            .maximumSize(MAX_MEDIANS)
            .executor(Runnable::run)
            .build(this::read);
    }

    /** The median; empty where none is known. */
    Optional<Duration> median(String repositoryName) {
        return ofBuilds(repositoryName).or(() -> ofCosts(repositoryName));
    }

    /**
     * How long somebody waits for a lease before it gets one too; empty for ever.
     */
    Optional<Duration> patience(String repositoryName) {
        return (properties.hedge() == 0) ? Optional.empty() : median(repositoryName).map((median) -> Duration
            .ofMillis(Math.max(minPatience.toMillis(), Math.round(median.toMillis() * properties.hedge()))));
    }

    private Optional<Duration> ofBuilds(String repositoryName) {
        return known(() -> medians.get(repositoryName));
    }

    private Optional<Duration> ofCosts(String repositoryName) {
        return known(() -> costs.ofRepository(Leases.CACHE, repositoryName)
            .map((cost) -> Duration.ofMillis(Math.round(cost.seconds() * 1000))));
    }

    private static Optional<Duration> known(Supplier<Optional<Duration>> median) {
        try {
            return median.get();
        }
        catch (DataAccessException ex) {
            log.debug("The median of a repository is not known now", ex);
            return Optional.empty();
        }
    }

    private Optional<Duration> read(String repositoryName) {
        List<Duration> builds = repository.newestBuilds(repositoryName, SAMPLE).stream().sorted().toList();
        return builds.isEmpty() ? Optional.empty() : Optional.of(builds.get(builds.size() / 2));
    }

}
