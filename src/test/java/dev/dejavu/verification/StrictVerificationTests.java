package dev.dejavu.verification;

import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.RegistryProxy;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

@WithSqlite
@TestPropertySource(properties = "dejavu.verification.strict=true")
class StrictVerificationTests extends VerificationFixture {

    @Test
    void staleEntryIsCheckedBeforeTheResponse() {
        String digest = registry.push(name, "v1", "linux/amd64");
        String path = storedAndStale(":v1");
        assertThat(json(http.get(path)).path("manifest_digest").asString()).isEqualTo(digest);
        assertThat(json(http.get(path)).has("stale")).isFalse();
    }

    @Test
    void deletedImageIsAbsentAtOnce() {
        String digest = registry.push(name, "v1", "linux/amd64");
        String path = storedAndStale(":v1");
        String other = storedAndStale(":v1");
        registry.delete(name, digest);
        assertProblem(http.get(path), 404, "absent");
        assertThat(json(http.post("/images/lookup", "{\"hashes\":[\"" + other.substring(8) + "\"]}")).path("missing"))
            .hasSize(1);
    }

    @Test
    void hangingRegistryDelaysAResponseByTwoSeconds() {
        registry.push(name, "v1", "linux/amd64");
        String path = storedAndStale(":v1");
        proxy.fault((exchange) -> pause(5000));
        long begin = System.nanoTime();
        assertThat(json(http.get(path)).path("stale").asBoolean()).isTrue();
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(3));
    }

    @Test
    void retryAfterPausesTheChecks() {
        registry.push(name, "v1", "linux/amd64");
        registry.push(name, "v2", "linux/amd64");
        String first = storedAndStale(":v1");
        String second = storedAndStale(":v2");
        proxy.fault(RegistryProxy.respond(429, "", "Retry-After", "1"));
        assertThat(json(http.get(first)).path("stale").asBoolean()).isTrue();
        proxy.mend();
        proxy.takeRequests();
        assertThat(json(http.get(second)).path("stale").asBoolean()).isTrue();
        assertThat(proxy.takeRequests()).isEmpty();
        await().untilAsserted(() -> assertThat(json(http.get(storedAndStale(":v2"))).has("stale")).isFalse());
    }

}
