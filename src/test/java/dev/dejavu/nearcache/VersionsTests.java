package dev.dejavu.nearcache;

import org.junit.jupiter.api.Test;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Keys;

import static org.assertj.core.api.Assertions.assertThat;

class VersionsTests {

    private final Versions versions = new Versions();

    private final CacheKey key = Keys.next();

    @Test
    void versionIsCurrentUntilAChangeBegins() {
        int version = versions.of(key);
        assertThat(versions.isCurrent(key, version)).isTrue();
        versions.begin(key);
        assertThat(versions.isCurrent(key, version)).isFalse();
        versions.end(key);
        assertThat(versions.isCurrent(key, version)).isFalse();
        assertThat(versions.isCurrent(key, versions.of(key))).isTrue();
    }

    @Test
    void thereIsNoVersionDuringAChange() {
        versions.begin(key);
        assertThat(versions.of(key)).isEqualTo(Versions.NONE);
        versions.begin(key);
        versions.end(key);
        assertThat(versions.of(key)).isEqualTo(Versions.NONE);
        versions.end(key);
        assertThat(versions.of(key)).isNotEqualTo(Versions.NONE);
    }

    @Test
    void resetInvalidatesEveryKey() {
        int version = versions.of(key);
        versions.beginAll();
        assertThat(versions.of(key)).isEqualTo(Versions.NONE);
        versions.endAll();
        assertThat(versions.isCurrent(key, version)).isFalse();
        assertThat(versions.of(key)).isNotEqualTo(Versions.NONE);
    }

    @Test
    void changeLeavesOtherKeysCurrent() {
        CacheKey other = Keys.next();
        int version = versions.of(other);
        versions.begin(key);
        assertThat(versions.isCurrent(other, version)).isTrue();
        versions.end(key);
        assertThat(versions.isCurrent(other, version)).isTrue();
    }

}
