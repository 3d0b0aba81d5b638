package dev.dejavu.verification;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.LoopbackRegistry;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Very many entries wait for their checks, which take half a minute at the rate of the
 * registry.
 */
@WithSqlite
@TestPropertySource(properties = { "dejavu.accept-local=true", "dejavu.verification.checks-per-second=20" })
class ChecksInFlightTests {

    private static final int MAX_IN_BACKGROUND = 250;

    private static final LoopbackRegistry registry = new LoopbackRegistry();

    private Http http = new Http(0);

    @DynamicPropertySource
    static void registry(DynamicPropertyRegistry settings) {
        settings.add("dejavu.registry.allowed", registry::host);
        settings.add("dejavu.registry.plain-http", registry::host);
    }

    @AfterAll
    static void stop() {
        registry.close();
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        this.http = new Http(port);
    }

    @Test
    void aQuarterAtMostIsOfChecksThatNobodyWaitsForAnyMore(@Autowired RegistryChecks checks) {
        List<String> uris = IntStream.range(0, 600).mapToObj((n) -> registry.host() + "/team/app:v" + n).toList();
        for (String uri : uris) {
            assertThat(http.put(path(uri), "{\"image_uri\":\"" + uri + "\"}").statusCode()).isEqualTo(201);
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

    private static String path(String uri) {
        return "/images/" + CacheKey.hashOf(uri);
    }

}
