package dev.dejavu.verification;

import java.util.List;
import java.util.stream.IntStream;

import org.junit.jupiter.api.BeforeEach;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.LoopbackRegistry;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A registry that takes few checks per second, so that entries wait for theirs.
 */
@TestPropertySource(properties = "dejavu.accept-local=true")
abstract class QueuedChecksFixture {

    private static final LoopbackRegistry registry = new LoopbackRegistry();

    Http http = new Http(0);

    @DynamicPropertySource
    static void registry(DynamicPropertyRegistry settings) {
        settings.add("dejavu.registry.allowed", registry::host);
        settings.add("dejavu.registry.plain-http", registry::host);
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        this.http = new Http(port);
    }

    static String host() {
        return registry.host();
    }

    static List<String> uris(int count) {
        return IntStream.range(0, count).mapToObj((n) -> host() + "/team/app:v" + n).toList();
    }

    void put(String uri) {
        assertThat(http.put(path(uri), "{\"image_uri\":\"" + uri + "\"}").statusCode()).isEqualTo(201);
    }

    static String path(String uri) {
        return "/images/" + CacheKey.hashOf(uri);
    }

}
