package dev.dejavu.verification;

import java.time.Clock;

import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.Trust;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.registry.RegistryClient;

/**
 * Trusts an entry for a while after it was verified; for as long as it lives where nobody
 * here can verify it.
 */
@Component
class FreshnessPolicy implements Trust {

    private final VerificationProperties properties;

    private final RegistryClient registries;

    private final Clock clock;

    private final long millis;

    FreshnessPolicy(VerificationProperties properties, RegistryClient registries, Clock clock) {
        this.properties = properties;
        this.registries = registries;
        this.clock = clock;
        this.millis = properties.freshnessLifetime().toMillis();
    }

    @Override
    public boolean isTrusted(CacheEntry entry) {
        return !(entry instanceof VerifiableEntry verifiable) || (!verifiable.verification().isInvalidated()
                && (clock.millis() - verifiable.verification().verifiedAt().toEpochMilli() < millis
                        || !isVerifiable(entry.value())));
    }

    /** Whether somebody here can verify it. */
    boolean isVerifiable(String imageUri) {
        return properties.enabled() && registries.registry(imageUri) != null;
    }

}
