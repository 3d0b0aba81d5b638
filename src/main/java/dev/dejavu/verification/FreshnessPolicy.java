package dev.dejavu.verification;

import java.time.Clock;
import java.time.Instant;
import java.util.function.Predicate;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.Verification;
import dev.dejavu.registry.RegistryClient;

/**
 * An entry is fresh for its freshness lifetime after it was verified. A stale one, and
 * one that only a client has seen, needs a check where its registry may be asked.
 */
@Component
class FreshnessPolicy {

    private final VerificationProperties properties;

    private final RegistryClient registries;

    private final Watermarks watermarks;

    private final Clock clock;

    private final long lifetimeMillis;

    /** By the text before the first slash: to read a whole reference costs more. */
    private final Cache<String, Boolean> mayBeAsked = Caffeine.newBuilder()
        .maximumSize(10_000)
        .executor(Runnable::run)
        .build();

    /** The last answer, as most images are of one registry. */
    private volatile @Nullable Answer last;

    /** Made once, for the sake of hits in memory. */
    private final Predicate<VerifiableEntry> isVerifiable = this::isVerifiable;

    FreshnessPolicy(VerificationProperties properties, RegistryClient registries, Watermarks watermarks, Clock clock) {
        this.properties = properties;
        this.registries = registries;
        this.watermarks = watermarks;
        this.clock = clock;
        this.lifetimeMillis = properties.freshnessLifetime().toMillis();
    }

    /** Reads what events other instances received, before entries are judged. */
    void refresh() {
        watermarks.refresh();
    }

    /**
     * Whether it must not be served before it is verified again (RFC 9111, section 4.4).
     */
    boolean isInvalidated(VerifiableEntry entry) {
        return watermarks.concern(entry, isVerifiable);
    }

    /** Whether it was verified within its freshness lifetime. */
    boolean isYoung(VerifiableEntry entry) {
        return clock.millis() - entry.verification().verifiedAt().toEpochMilli() < lifetimeMillis;
    }

    boolean isFresh(VerifiableEntry entry) {
        return isYoung(entry) && !isInvalidated(entry);
    }

    /** Whether the registry itself has confirmed it, within its freshness lifetime. */
    boolean isConfirmed(VerifiableEntry entry) {
        return entry.verification().verifiedBy() == Verification.By.REGISTRY && isFresh(entry);
    }

    /** When an entry was verified, at the earliest, that is fresh now. */
    Instant freshAfter() {
        return Instant.ofEpochMilli(clock.millis() - lifetimeMillis + 1);
    }

    boolean needsCheck(VerifiableEntry entry) {
        return !isConfirmed(entry) && isVerifiable(entry);
    }

    /** As {@link #needsCheck}, of one that is not invalidated. */
    boolean needsCheckUnlessInvalidated(VerifiableEntry entry) {
        return !(isYoung(entry) && entry.verification().verifiedBy() == Verification.By.REGISTRY)
                && isVerifiable(entry);
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
        if (!properties.enabled()) {
            return false;
        }
        Answer answer = last;
        if (answer == null || !answer.isOf(imageUri)) {
            answer = answer(imageUri.substring(0, Math.max(imageUri.indexOf('/'), 0)));
            last = answer;
        }
        return answer.mayBeAsked;
    }

    private Answer answer(String host) {
        return new Answer(host, mayBeAsked.get(host, (asked) -> registries.registryOf(asked + "/any:any") != null));
    }

    /**
     * Whether a registry may be asked.
     *
     * @param host the text before the first slash of its images
     */
    private record Answer(String host, boolean mayBeAsked) {

        boolean isOf(String imageUri) {
            return imageUri.startsWith(host) && imageUri.indexOf('/') == host.length();
        }

    }

}
