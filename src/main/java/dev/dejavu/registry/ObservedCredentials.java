package dev.dejavu.registry;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;

/**
 * Remembers of each registry whether there were credentials for it, and nothing of them.
 */
final class ObservedCredentials implements CredentialStore {

    private final CredentialStore store;

    private final Cache<String, String> last = Caffeine.newBuilder().maximumSize(1000).build();

    ObservedCredentials(CredentialStore store) {
        this.store = store;
    }

    @Override
    public @Nullable Credentials find(ImageReference reference) throws RegistryException {
        String outcome = "unavailable";
        try {
            Credentials found = store.find(reference);
            outcome = (found != null) ? "configured" : "none";
            return found;
        }
        finally {
            last.put(reference.registry(), outcome);
        }
    }

    @Override
    public void refused(ImageReference reference, Credentials credentials) {
        store.refused(reference, credentials);
    }

    /** Whether there were some the last time; {@code null} when nobody looked. */
    @Nullable String at(String registry) {
        return last.getIfPresent(registry);
    }

}
