package dev.dejavu.verification;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Very many entries wait for their checks, which take half a minute at the rate of the
 * registry.
 */
@WithSqlite
@TestPropertySource(properties = "dejavu.verification.checks-per-second=20")
class ChecksInFlightTests extends QueuedChecksFixture {

    private static final int MAX_IN_BACKGROUND = 250;

    @Test
    void aQuarterAtMostIsOfChecksThatNobodyWaitsForAnyMore(@Autowired RegistryChecks checks) {
        List<String> uris = uris(600);
        for (String uri : uris) {
            put(uri);
            assertThat(checks.size()).isLessThanOrEqualTo(MAX_IN_BACKGROUND);
        }
        String hashes = uris.stream().map((uri) -> "\"" + CacheKey.hashOf(uri) + "\"").collect(Collectors.joining(","));
        Thread.startVirtualThread(() -> http.post("/images/lookup?verified=registry", "{\"hashes\":[" + hashes + "]}"));
        await().pollInterval(Duration.ofMillis(1)).until(() -> checks.size() > MAX_IN_BACKGROUND + 100);
        // The caller goes away after two seconds, and the checks would take many more.
        await().pollInterval(Duration.ofMillis(1))
            .atMost(Duration.ofSeconds(7))
            .until(() -> checks.size() <= MAX_IN_BACKGROUND);
    }

}
