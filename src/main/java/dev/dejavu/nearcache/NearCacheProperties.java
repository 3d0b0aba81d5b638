package dev.dejavu.nearcache;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.unit.DataSize;

/**
 * How much heap the near caches use.
 *
 * @param maxSize heap per cache; 0 turns the near caches off; by default 256 MB or a
 * quarter of the heap, whichever is less
 */
@ConfigurationProperties("dejavu.near-cache")
record NearCacheProperties(@Nullable DataSize maxSize) {

    private static final DataSize ENOUGH = DataSize.ofMegabytes(256);

    NearCacheProperties {
        if (maxSize != null && (maxSize.isNegative() || maxSize.toBytes() > Runtime.getRuntime().maxMemory() / 4)) {
            throw new InvalidConfigurationPropertyValueException("dejavu.near-cache.max-size", maxSize,
                    "must be from 0 to a quarter of the heap, which has %s MB"
                        .formatted(Runtime.getRuntime().maxMemory() >> 20));
        }
    }

    long bytes() {
        return (maxSize != null) ? maxSize.toBytes() : Math.min(ENOUGH.toBytes(), Runtime.getRuntime().maxMemory() / 4);
    }

}
