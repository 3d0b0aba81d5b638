package dev.dejavu.verification;

import java.util.List;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.LoopbackRegistry;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Many entries wait for their checks, which take ten seconds at the rate of the registry.
 */
@WithSqlite
@TestPropertySource(properties = { "dejavu.accept-local=true", "dejavu.verification.checks-per-second=4" })
class AwaitedChecksTests {

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
    void awaitedCheckGoesBeforeThoseThatNobodyWaitsFor() {
        List<String> uris = IntStream.range(0, 40).mapToObj((n) -> registry.host() + "/team/app:v" + n).toList();
        for (String uri : uris) {
            assertThat(http.put(path(uri), "{\"image_uri\":\"" + uri + "\"}").statusCode()).isEqualTo(201);
        }
        // one that is queued in the background
        String last = path(uris.getLast());
        assertThat(json(http.get(last + "?verified=registry")).path("verified_by").asString()).isEqualTo("registry");
        // one that is not
        String request = "{\"scope\":\"s\",\"repository\":\"%s/team/other\",\"tag\":\"v1\",\"platforms\":[\"linux/amd64\"]}"
            .formatted(registry.host());
        assertThat(http.post("/images/resolve", request).statusCode()).isEqualTo(200);
        assertThat(uris).anyMatch((uri) -> json(http.get(path(uri))).path("verified_by").asString().equals("client"));
    }

    private static String path(String uri) {
        return "/images/" + CacheKey.hashOf(uri);
    }

}
