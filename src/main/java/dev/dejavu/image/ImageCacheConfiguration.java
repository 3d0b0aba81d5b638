package dev.dejavu.image;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheObservers;
import dev.dejavu.cache.Callers;
import dev.dejavu.cache.Prunable;
import dev.dejavu.nearcache.NearCaches;
import dev.dejavu.verification.RegistryVerification;

/**
 * Images: a table behind a near cache, verified by registries.
 */
@Configuration(proxyBeanMethods = false)
class ImageCacheConfiguration {

    @Bean
    Cache<CachedImage> images(ImageCacheRepository table, NearCaches nearCaches, RegistryVerification verification,
            CacheObservers observers, Callers callers) {
        return Cache.of(table, nearCaches.ofVerifiable(table),
                (repository) -> verification.verifierOf(table, repository), observers, callers);
    }

    @Bean
    Prunable imageOverlays(Cache<CachedImage> images) {
        return images.overlays();
    }

}
