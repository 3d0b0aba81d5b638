package dev.dejavu.registry;

import java.io.IOException;
import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.dejavu.registry.ImageStatus.Outcome;
import dev.dejavu.testing.RegistryProxy;

import static org.assertj.core.api.Assertions.assertThat;

class RegistryClientTests extends RegistryClientFixture {

    @Test
    void unknownImageIsAbsent() {
        registry.push("team/some", "v1", "linux/amd64");
        assertThat(check("team/some:v2", AMD64).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(check("team/none:v1", AMD64).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(check("team/some@sha256:" + "0".repeat(64), AMD64).outcome()).isEqualTo(Outcome.ABSENT);
    }

    @Test
    void deletedImageIsAbsentAndMovedTagHasItsNewDigest() {
        String first = registry.push("team/moved", "v1", "linux/amd64");
        assertThat(check("team/moved:v1", AMD64).digest()).isEqualTo(first);
        String second = registry.push("team/moved", "v1", "linux/amd64");
        assertThat(check("team/moved:v1", AMD64).digest()).isEqualTo(second).isNotEqualTo(first);
        registry.delete("team/moved", second);
        assertThat(check("team/moved:v1", AMD64).outcome()).isEqualTo(Outcome.ABSENT);
    }

    @Test
    void knownImageIsCheckedWithoutAPull() {
        registry.push("team/pull", "v1", "linux/amd64");
        check("team/pull:v1", AMD64);
        proxy.takeRequests();
        assertThat(check("team/pull:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(proxy.takeRequests()).containsExactly("HEAD /v2/team/pull/manifests/v1");
    }

    @ParameterizedTest
    @ValueSource(ints = { 400, 401, 403, 405, 410, 429, 500, 502, 503 })
    void otherStatusIsUnknown(int status) {
        registry.push("team/status", "v1", "linux/amd64");
        proxy.fault(RegistryProxy.respond(status, "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"}]}"));
        assertThat(check("team/status:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "<html>Not found</html>", "{}", "[]", "null", "{\"errors\":[]}",
            "{\"errors\":[{\"code\":\"DENIED\"}]}", "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"},{}]}",
            "{\"errors\":[{\"code\":\"UNAUTHORIZED\"},{\"code\":\"NAME_UNKNOWN\"}]}" })
    void notFoundWithoutARegistryErrorIsUnknown(String body) {
        proxy.fault(RegistryProxy.respond(404, body));
        assertThat(check("team/odd:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    @Test
    void hangingOrStoppedRegistryIsUnknownInTime() throws IOException {
        proxy.fault((exchange) -> sleep());
        long begin = System.nanoTime();
        assertThat(check("team/slow:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(3));
        proxy.close();
        assertThat(check("team/slow:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    @Test
    void drippingRegistryIsUnknownInTime() {
        proxy.fault((exchange) -> {
            exchange.sendResponseHeaders(200, 1000);
            for (int i = 0; i < 100; i++) {
                exchange.getResponseBody().write('{');
                exchange.getResponseBody().flush();
                pause(100);
            }
        });
        long begin = System.nanoTime();
        assertThat(check("team/drip:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(3));
    }

    private static void sleep() {
        pause(5000);
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void retryAfterIsReadInSecondsAndAsADate() {
        proxy.fault(RegistryProxy.respond(429, "", "Retry-After", "17"));
        assertThat(check("team/busy:v1", AMD64).retryAfter()).isEqualTo(Duration.ofSeconds(17));
        proxy.fault(RegistryProxy.respond(503, "", "Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT"));
        assertThat(check("team/busy:v1", AMD64).retryAfter()).isEqualTo(Duration.ofHours(1));
        proxy.fault(RegistryProxy.respond(429, "", "Retry-After", "soon"));
        assertThat(check("team/busy:v1", AMD64).retryAfter()).isEqualTo(Duration.ofSeconds(5));
        proxy.fault(RegistryProxy.respond(503, ""));
        assertThat(check("team/busy:v1", AMD64).retryAfter()).isZero();
    }

    @Test
    void redirectsAreFollowedToAllowedHostsOnly() throws IOException {
        registry.push("team/there", "v1", "linux/amd64");
        try (RegistryProxy other = new RegistryProxy(registry.uri());
                RegistryClient both = registries(null, proxy.host(), other.host())) {
            proxy.fault((exchange) -> redirect(exchange, "http://" + other.host() + exchange.getRequestURI()));
            assertThat(both.check(proxy.host() + "/team/there:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
            other.takeRequests();
            assertThat(check("team/there:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
            assertThat(other.takeRequests()).isEmpty();
        }
    }

    @Test
    void redirectLoopEnds() {
        proxy.fault((exchange) -> redirect(exchange, "http://" + proxy.host() + exchange.getRequestURI()));
        assertThat(check("team/ring:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(proxy.takeRequests()).hasSizeLessThan(10);
    }

    @Test
    void hostThatIsNotAllowedIsNeverContacted() {
        try (RegistryProxy other = new RegistryProxy(registry.uri())) {
            assertThat(registries.registryOf(other.host() + "/team/one:v1")).isNull();
            assertThat(registries.check(other.host() + "/team/one:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
            assertThat(other.takeRequests()).isEmpty();
        }
        assertThat(registries.registryOf(proxy.host() + "/team/one:v1")).isEqualTo(proxy.host());
        assertThat(registries.registryOf("debian:12")).isNull();
    }

}
