package dev.dejavu.nearcache;

import java.net.http.HttpRequest.BodyPublishers;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

class NearCachePropertiesTests {

    private static final String ADMIN = "an-administrator-of-the-tests";

    @Nested
    @WithSqlite
    @TestPropertySource(properties = { "dejavu.access.mode=tokens", "dejavu.admin-token=" + ADMIN,
            "dejavu.access.anonymous-read=true" })
    class WithAuthors {

        @Test
        void authorOfANearCacheEntryIsShownToAdministratorsOnly(@LocalServerPort int port) {
            Http http = new Http(port);
            String path = "/images/" + Keys.next();
            http.send("PUT", path, BodyPublishers.ofString("{\"image_uri\":\"ghcr.io/acme/a:v1\"}"), "Content-Type",
                    "application/json", "Authorization", "Bearer " + ADMIN);
            for (int n = 0; n < 3; n++) {
                assertThat(http.get(path).body()).contains("image_uri").doesNotContain("written_by");
                assertThat(http.get(path, "Authorization", "Bearer " + ADMIN).body())
                    .contains("\"written_by\":\"admin\"");
            }
            assertProblem(http.get(path, "Authorization", "Bearer djv_wrong"), 401, "unauthenticated");
        }

    }

    @Nested
    @WithSqlite
    @TestPropertySource(properties = "dejavu.near-cache.max-size=0")
    class WithSizeZero {

        @Test
        void nothingIsCached(@LocalServerPort int port, @Autowired @Qualifier("images") Cache<?> images) {
            Http http = new Http(port);
            CacheKey key = Keys.next();
            String path = "/images/" + key;
            http.put(path, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}");
            assertThat(http.get(path).statusCode()).isEqualTo(200);
            assertThat(http.get(path).statusCode()).isEqualTo(200);
            assertThat(images.lookups().findInMemory(key, false)).isNull();
        }

    }

}
