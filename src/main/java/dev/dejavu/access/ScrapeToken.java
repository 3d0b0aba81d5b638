package dev.dejavu.access;

import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;
import org.springframework.security.core.Authentication;
import org.springframework.stereotype.Component;

/**
 * The token of a setting with which a monitor reads the metrics, and nothing else. It is
 * not in the database, so metrics are read also while that is away.
 */
@Component
class ScrapeToken {

    private final @Nullable String hash;

    private final Identity monitor = new Identity("scrape-token", Role.READ, "", Limits.NONE, null);

    ScrapeToken(Environment environment) {
        Secret secret = Secret.ofSetting(environment, "dejavu.scrape-token");
        this.hash = (secret != null) ? secret.hash() : null;
    }

    /** The monitor, if the token is its own. */
    @Nullable Authentication authenticate(String token) {
        // Hashes are compared: the time that takes gives nothing of a secret away.
        return new Secret(token).hash().equals(hash) ? monitor : null;
    }

}
