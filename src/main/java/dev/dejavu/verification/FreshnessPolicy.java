package dev.dejavu.verification;

import java.time.Clock;

import org.springframework.stereotype.Component;

import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.registry.RegistryClient;

/**
 * An entry is fresh for its freshness lifetime after it was verified; for as long as it
 * lives where its registry may not be asked.
 */
@Component
class FreshnessPolicy {

    private final VerificationProperties properties;

    private final RegistryClient registries;

    private final Clock clock;

    private final long lifetimeMillis;

    FreshnessPolicy(VerificationProperties properties, RegistryClient registries, Clock clock) {
        this.properties = properties;
        this.registries = registries;
        this.clock = clock;
        this.lifetimeMillis = properties.freshnessLifetime().toMillis();
    }

    boolean isFresh(VerifiableEntry entry) {
        return !entry.verification().isInvalidated()
                && (clock.millis() - entry.verification().verifiedAt().toEpochMilli() < lifetimeMillis
                        || !isVerifiable(entry));
    }

    /** Whether its registry may be asked. */
    boolean isVerifiable(VerifiableEntry entry) {
        return isVerifiable(entry.value());
    }

    /** Whether the registry of the images that it names may be asked. */
    boolean isVerifiable(RegistryEvent event) {
        return isVerifiable(event.repository() + ":any");
    }

    private boolean isVerifiable(String imageUri) {
        return properties.enabled() && registries.registryOf(imageUri) != null;
    }

}
