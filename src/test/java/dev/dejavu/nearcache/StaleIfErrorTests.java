package dev.dejavu.nearcache;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * While the database is away, an instance serves as stale what it had shortly before, and
 * refuses the rest at once (RFC 5861).
 */
class StaleIfErrorTests extends TwoInstancesFixture {

    private static final String BUNDLE = "{\"hash_digest\":\"a\",\"remote_path\":\"s3://acme/b\"}";

    @Test
    void keysThatWereReadAreServedStaleAndTheRestIsRefusedAtOnce() throws IOException {
        String bundle = "/bundles/" + Keys.next();
        one.put(bundle, BUNDLE);
        CacheKey key = readByOther();
        assertThat(other.get(bundle).statusCode()).isEqualTo(200);
        String lookup = "{\"hashes\":[\"%s\"]}".formatted(key);
        proxy.cut();
        awaitOutage(other);
        HttpResponse<String> image = other.get(path(key));
        assertThat(json(image).path("stale").asBoolean()).as(image.body()).isTrue();
        assertThat(version(other, key)).isEqualTo(1);
        assertThat(json(other.get(bundle)).path("stale").asBoolean()).isTrue();
        assertThat(json(other.post("/images/lookup", lookup)).at("/entries/0/stale").asBoolean()).isTrue();
        String both = "{\"hashes\":[\"%s\",\"%s\"]}".formatted(key, Keys.next());
        for (Supplier<HttpResponse<String>> refused : List.<Supplier<HttpResponse<String>>>of(
                () -> other.get(path(Keys.next())), () -> other.put(path(key), "{\"image_uri\":\"ghcr.io/acme/a:2\"}"),
                () -> other.delete(path(key)), () -> other.get(path(key) + "?verified=registry"),
                () -> other.post("/images/lookup", both), () -> other.post("/images/lookup?verified=registry", lookup),
                () -> other.get("/images"))) {
            assertProblem(refused.get(), 503, "storage-unavailable");
            assertThat(quickest(refused)).isLessThan(Duration.ofMillis(100));
        }
        assertThat(version(other, key)).as("after writes that were refused").isEqualTo(1);
    }

    /** The notification of that PUT comes later. */
    @Test
    void whatIsReadRightAfterItsPutStaysInMemory() {
        List<CacheKey> keys = Stream.generate(Keys::next).limit(20).toList();
        for (CacheKey key : keys) {
            put(one, key, 1);
            assertThat(version(other, key)).isEqualTo(1);
        }
        readByOther();
        Cache<?> images = serviceOf(other).getBean("images", Cache.class);
        // They count only while the feed of changes is current, which a busy machine
        // delays.
        await()
            .untilAsserted(() -> assertThat(keys).allMatch((key) -> images.lookups().findInMemory(key, false) != null));
    }

    @Test
    void overlayIsServedStaleWhatTheBaseHad() throws IOException {
        String admin = "an-administrator-of-the-overlays";
        Http root = start(proxy.port(), "--dejavu.access.mode=tokens", "--dejavu.admin-token=" + admin).as(admin);
        Http fork = root
            .as(json(root.post("/tokens", "{\"name\":\"fork\",\"role\":\"admin\",\"overlay\":\"fork\"}")).path("secret")
                .asString());
        CacheKey hidden = Keys.next();
        CacheKey hiddenUnasked = Keys.next();
        CacheKey unasked = Keys.next();
        CacheKey read = Keys.next();
        put(fork, hidden, 2);
        put(fork, hiddenUnasked, 2);
        for (CacheKey key : List.of(hidden, hiddenUnasked, unasked, read)) {
            put(root, key, 1);
            assertThat(version(root, key)).isEqualTo(1);
        }
        assertThat(version(fork, hidden)).isEqualTo(2);
        assertThat(version(fork, read)).isEqualTo(1);
        awaitAllKeys(root, unasked.in("fork"));
        proxy.cut();
        awaitOutage(root);
        assertThat(version(fork, read)).isEqualTo(1);
        assertThat(fork.get(path(read)).body()).contains("stale");
        assertThat(fork.get(path(unasked)).body()).contains("stale");
        assertThat(version(fork, hidden)).isEqualTo(2);
        assertProblem(fork.get(path(hiddenUnasked)), 503, "storage-unavailable");
    }

    /** Until an instance knows of a key that it has no row, though nobody asks for it. */
    private void awaitAllKeys(Http http, CacheKey absent) {
        NearCaches nearCaches = serviceOf(http).getBean(NearCaches.class);
        await().atMost(Duration.ofSeconds(60)).until(() -> {
            http.get(path(Keys.next()));
            return nearCaches.nearCache("images").isKnownMiss(absent);
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = { true, false })
    void allIsWellTwoSecondsAfterTheDatabaseIsBack(boolean freeze) throws IOException {
        CacheKey key = readByOther();
        breakConnection(freeze);
        awaitOutage(other);
        put(one, key, 2);
        mendConnection(freeze);
        Instant back = Instant.now();
        await().pollInterval(Duration.ofMillis(20))
            .atMost(Duration.ofSeconds(20))
            .until(() -> other.put(path(Keys.next()), "{\"image_uri\":\"ghcr.io/acme/a:1\"}").statusCode() == 201);
        assertThat(Duration.between(back, Instant.now())).isLessThan(Duration.ofSeconds(2));
        assertThat(version(other, key)).isEqualTo(2);
        assertThat(other.get(path(key)).body()).doesNotContain("stale");
    }

    @Test
    void nothingIsServedStaleForLongerThanTheSetting() throws IOException {
        CacheKey key = readByOther();
        Http brief = start(proxy.port(), "--dejavu.near-cache.stale-if-error=3s");
        Http off = start(proxy.port(), "--dejavu.near-cache.stale-if-error=0");
        Http strict = start(proxy.port(), "--dejavu.verification.strict=true");
        for (Http each : List.of(brief, off, strict)) {
            await().atMost(Duration.ofSeconds(10)).until(() -> version(each, key) == 1);
        }
        proxy.cut();
        Instant begin = Instant.now();
        awaitOutage(brief);
        assertThat(version(brief, key)).isEqualTo(1);
        for (Http each : List.of(off, strict)) {
            awaitOutage(each);
            await().atMost(Duration.ofSeconds(2)).until(() -> each.get(path(key)).statusCode() == 503);
        }
        await().atMost(Duration.ofSeconds(10)).until(() -> brief.get(path(key)).statusCode() == 503);
        assertThat(Duration.between(begin, Instant.now())).isBetween(Duration.ofSeconds(2), Duration.ofSeconds(5));
        assertThat(version(other, key)).as("two minutes are not over").isEqualTo(1);
    }

    @Test
    void secondOutageFindsWhatWasReadBeforeTheFirst() throws IOException {
        CacheKey key = readByOther();
        CacheKey removed = readByOther();
        CacheKey missed = readByOther();
        proxy.cut();
        awaitOutage(other);
        one.delete(path(missed));
        mendConnection(false);
        await().atMost(Duration.ofSeconds(20)).until(changesOf(other)::isCurrent);
        assertThat(other.get(path(missed)).statusCode()).isEqualTo(404);
        one.delete(path(removed));
        // Notifications arrive in the order of commits.
        CacheKey last = readByOther();
        one.delete(path(last));
        await().atMost(Duration.ofSeconds(10)).until(() -> other.get(path(last)).statusCode() == 404);
        proxy.cut();
        awaitOutage(other);
        assertThat(version(other, key)).isEqualTo(1);
        for (CacheKey gone : List.of(removed, missed, last)) {
            assertProblem(other.get(path(gone)), 503, "storage-unavailable");
        }
    }

    private void breakConnection(boolean freeze) throws IOException {
        if (freeze) {
            proxy.freeze(true);
        }
        else {
            proxy.cut();
        }
    }

    private void mendConnection(boolean freeze) throws IOException {
        if (freeze) {
            proxy.freeze(false);
        }
        else {
            proxy.mend();
        }
    }

    /** Every answer until then is in time, too. */
    private void awaitOutage(Http http) {
        await().atMost(Duration.ofSeconds(20)).until(() -> {
            Instant before = Instant.now();
            assertThat(http.get(path(Keys.next())).statusCode()).isIn(404, 503);
            Duration taken = Duration.between(before, Instant.now());
            assertThat(taken).isLessThan(Duration.ofMillis(2500));
            return http.get(path(Keys.next())).statusCode() == 503 && taken.toMillis() < 100
                    && !changesOf(http).isCurrent();
        });
    }

    private ChangeFeed changesOf(Http http) {
        return serviceOf(http).getBean(ChangeFeed.class);
    }

    private ConfigurableApplicationContext serviceOf(Http http) {
        return services.stream().filter((service) -> Http.of(service).port() == http.port()).findFirst().orElseThrow();
    }

    private static Duration quickest(Supplier<HttpResponse<String>> call) {
        List<Duration> times = new ArrayList<>();
        for (int n = 0; n < 5; n++) {
            Instant before = Instant.now();
            var _ = call.get();
            times.add(Duration.between(before, Instant.now()));
        }
        return times.stream().sorted().findFirst().orElseThrow();
    }

    /** Reads until the news of the write has come too, which makes a read forgotten. */
    private CacheKey readByOther() {
        CacheKey key = Keys.next();
        put(one, key, 1);
        await().atMost(Duration.ofSeconds(10)).during(Duration.ofMillis(1200)).until(() -> version(other, key) == 1);
        return key;
    }

}
