package dev.dejavu.verification;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheRepository;
import dev.dejavu.cache.RepositoryLayer;

/**
 * Lets nothing be given for true that was not verified for too long.
 */
@Component
@Order(3)
class VerificationLayer implements RepositoryLayer {

    private final VerificationProperties properties;

    private final Budget budget;

    private final Looks looks;

    private final Absences absences;

    VerificationLayer(VerificationProperties properties, Budget budget, Looks looks, Absences absences) {
        this.properties = properties;
        this.budget = budget;
        this.looks = looks;
        this.absences = absences;
    }

    @Override
    public <E extends CacheEntry> CacheRepository<E> around(CacheRepository<E> repository) {
        return new VerifiedRepository<>(repository, properties, budget, looks, absences);
    }

}
