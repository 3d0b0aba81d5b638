package dev.dejavu.nearcache;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

import org.junit.jupiter.api.BeforeEach;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.SettableClock;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A service whose near cache of images can be seen and cleared.
 */
abstract class NearCacheFixture {

    @Autowired
    NearCaches nearCaches;

    @Autowired
    @Qualifier("images")
    Cache<?> images;

    @Autowired
    ChangeFeed changes;

    @Autowired
    SettableClock clock;

    @Autowired
    JdbcClient writer;

    Http http = new Http(0);

    @BeforeEach
    void connect(@LocalServerPort int port) {
        http = new Http(port);
        await().atMost(Duration.ofSeconds(10)).until(changes::isCurrent);
    }

    CacheKey storedEntry(String tag) {
        CacheKey key = Keys.next();
        put(key, tag);
        return key;
    }

    /** Stores an entry and reads it until it is in the near cache. */
    CacheKey cachedEntry(String tag) {
        CacheKey key = storedEntry(tag);
        await().until(() -> http.get(path(key)).statusCode() == 200 && isInNearCache(key));
        return key;
    }

    /** Reads a key without an entry until the near cache knows that. */
    CacheKey knownMiss() {
        CacheKey key = Keys.next();
        await().until(() -> get(key).statusCode() == 404 && isKnownMiss(key));
        return key;
    }

    boolean isKnownMiss(CacheKey key) {
        return nearCaches.nearCache("images").isKnownMiss(key);
    }

    /**
     * Waits until the near cache knows which keys have a row. After a slow reading the
     * next one begins later.
     */
    void awaitAllKeys() {
        await().atMost(Duration.ofSeconds(60))
            .until(() -> get(Keys.next()).statusCode() == 404 && isKnownMiss(Keys.next()));
    }

    /** Stores an entry behind the back of the service. */
    void insert(CacheKey key, String tag) {
        // As of the last event of a registry: one of another test may be about this
        // image.
        writer.sql("""
                insert into image_cache (hash, image_uri, created_at, revision, verified_as_of)
                select ?, ?, ?, 1, number from registry_counter where name = 'events'
                """).param(key.hex()).param("ghcr.io/acme/a:" + tag).param(clock.millis()).update();
    }

    boolean isInNearCache(CacheKey key) {
        return images.lookups().findInMemory(key, false) != null;
    }

    HttpResponse<String> get(CacheKey key) {
        return http.get(path(key));
    }

    void clearNearCache() {
        nearCaches.onReset();
    }

    void put(CacheKey key, String tag) {
        assertThat(http.put(path(key), "{\"image_uri\":\"ghcr.io/acme/a:" + tag + "\"}").statusCode()).isIn(200, 201);
    }

    HttpResponse<String> lookup(CacheKey... keys) {
        return http.post("/images/lookup",
                "{\"hashes\":[\"" + String.join("\",\"", List.of(keys).stream().map(CacheKey::hex).toList()) + "\"]}");
    }

    static String tag(HttpResponse<String> response) {
        return json(response).path("image_uri").asString().replaceFirst(".*:", "");
    }

    static String path(CacheKey key) {
        return "/images/" + key;
    }

    /** Those of the representation, not those of the transfer. */
    static Map<String, List<String>> headers(HttpResponse<String> response) {
        Map<String, List<String>> headers = new TreeMap<>(response.headers().map());
        headers.keySet()
            .removeIf(Predicate.not((name) -> List.of("cache-control", "etag", "content-type", "vary", "allow")
                .contains(name.toLowerCase(Locale.ROOT))));
        return headers;
    }

}
