package dev.dejavu.bundle;

import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheRepositoryContract;
import dev.dejavu.cache.Cost;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.WithDocker;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;

class BundleCacheRepositoryTests {

    private static final AtomicInteger count = new AtomicInteger();

    abstract static class Contract extends CacheRepositoryContract<CachedBundle> {

        @Override
        protected String newValue() {
            return "s3://acme-flyte/proj/dev/fast%d.tar.gz".formatted(count.incrementAndGet());
        }

        @Override
        protected CachedBundle entry(CacheKey digest, String remotePath) {
            Instant now = clock.instant();
            return new CachedBundle(digest, "13164aad67360d377c32433a5f57ae8f", remotePath, null, null, null, now,
                    now.plus(TTL), null, null);
        }

        @Test
        void partsAreStoredUntilAPutWithoutThem() {
            CachedBundle plain = entry(Keys.next(), newValue());
            CachedBundle bundle = new CachedBundle(plain.digest(), "another", plain.remotePath(),
                    new BundleParts("dns:///example.union.ai:proj:dev", "13164aad67360d377c32433a5f57ae8f"),
                    "the fingerprint", new Cost(2.5, 1_200_000L), plain.createdAt(), plain.expiresAt(), null, null);
            cache.put(bundle);
            assertThat(cache.lookups().find(bundle.digest())).contains(bundle);
            cache.put(plain);
            assertThat(cache.lookups().find(bundle.digest())).contains(plain);
        }

    }

    @Nested
    @WithSqlite
    class OnSqlite extends Contract {

    }

    @Nested
    @WithPostgres
    class OnPostgres extends Contract {

    }

    @Nested
    @WithDocker
    class OnDocker extends Contract {

    }

}
