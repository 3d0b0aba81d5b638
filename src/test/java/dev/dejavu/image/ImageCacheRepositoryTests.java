package dev.dejavu.image;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheRepositoryContract;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.WithDocker;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;

class ImageCacheRepositoryTests {

    private static final AtomicInteger count = new AtomicInteger();

    abstract static class Contract extends CacheRepositoryContract<CachedImage> {

        @Override
        protected String newValue() {
            return "ghcr.io/acme/my-app:v" + count.incrementAndGet();
        }

        @Override
        protected CachedImage entry(CacheKey hash, String imageUri) {
            Instant now = clock.instant();
            return new CachedImage(hash, imageUri, null, now, now.plus(TTL));
        }

        @Test
        void partsAreKeptAndGoWithTheNextPutWithoutThem() {
            CachedImage plain = entry(Keys.next(), newValue());
            ImageParts parts = new ImageParts("dns:///example.union.ai:proj:dev", "ghcr.io/acme/my-app", "v1.0",
                    List.of("linux/arm64", "linux/amd64"));
            CachedImage image = new CachedImage(plain.hash(), plain.imageUri(), parts, plain.createdAt(),
                    plain.expiresAt());
            repository.put(image);
            assertThat(repository.find(image.hash())).contains(image);
            assertThat(parts.platforms()).containsExactly("linux/amd64", "linux/arm64");
            repository.put(plain);
            assertThat(repository.find(image.hash())).contains(plain);
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
