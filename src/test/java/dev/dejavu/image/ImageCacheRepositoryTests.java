package dev.dejavu.image;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

import javax.sql.DataSource;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheRepositoryContract;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.WithDocker;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

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

        @Test
        void rowRenewedUnderAWaitingPruneIsKept(@Autowired DataSource dataSource) throws Exception {
            CachedImage image = entry(Keys.next(), newValue());
            repository.put(image);
            clock.advance(TTL);
            try (Connection renewal = dataSource.getConnection();
                    Statement statement = renewal.createStatement();
                    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
                renewal.setAutoCommit(false);
                statement.executeUpdate("update image_cache set created_at = %d where hash = '%s'"
                    .formatted(clock.millis(), image.hash()));
                Future<Integer> prune = executor.submit(() -> repository.pruneExpired(1_000_000));
                await().pollInterval(Duration.ofMillis(20)).until(() -> waitsForALock(statement));
                renewal.commit();
                prune.get();
            }
            assertThat(repository.find(image.hash())).isPresent();
        }

        private static boolean waitsForALock(Statement statement) throws SQLException {
            try (ResultSet result = statement.executeQuery(
                    "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'delete from image_cache%'")) {
                return result.next();
            }
        }

    }

    @Nested
    @WithDocker
    class OnDocker extends Contract {

    }

}
