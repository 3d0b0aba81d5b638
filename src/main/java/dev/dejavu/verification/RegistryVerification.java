package dev.dejavu.verification;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheRepository;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.RepositoryLayer;

/**
 * Lets nothing be given for true that was not verified for too long.
 */
@Component
@Order(3)
class RegistryVerification implements RepositoryLayer {

    private final VerificationProperties properties;

    private final FreshnessPolicy budget;

    private final RegistryChecks looks;

    private final NegativeCache absences;

    private final ChangeFeed changes;

    private final Timer staleness;

    RegistryVerification(VerificationProperties properties, FreshnessPolicy budget, RegistryChecks looks,
            NegativeCache absences, ChangeFeed changes, MeterRegistry metrics) {
        this.properties = properties;
        this.budget = budget;
        this.looks = looks;
        this.absences = absences;
        this.changes = changes;
        this.staleness = Timer.builder("dejavu.stale.hit.age")
            .description("Time since the last verification of hits served stale")
            .register(metrics);
    }

    @Override
    public <E extends CacheEntry> CacheRepository<E> around(CacheRepository<E> repository) {
        return new RegistryVerifier<>(repository, properties, budget, looks, absences, changes, staleness);
    }

}
