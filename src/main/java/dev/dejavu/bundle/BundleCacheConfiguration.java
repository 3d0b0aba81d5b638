package dev.dejavu.bundle;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheObservers;
import dev.dejavu.cache.Callers;
import dev.dejavu.cache.Prunable;
import dev.dejavu.cache.Verifier;
import dev.dejavu.nearcache.NearCaches;

/**
 * Bundles: a table behind a near cache. Nothing can confirm where one was uploaded.
 */
@Configuration(proxyBeanMethods = false)
class BundleCacheConfiguration {

    @Bean
    Cache<CachedBundle> bundles(BundleCacheRepository table, NearCaches nearCaches, CacheObservers observers,
            Callers callers) {
        return Cache.of(table, nearCaches.of(table), (repository) -> Verifier.none(), observers, callers);
    }

    @Bean
    Prunable bundleOverlays(Cache<CachedBundle> bundles) {
        return bundles.overlays();
    }

}
