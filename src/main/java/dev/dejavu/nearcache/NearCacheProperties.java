package dev.dejavu.nearcache;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.unit.DataSize;

/**
 * How much is kept.
 *
 * @param size of the heap, for each cache; 0 keeps nothing; 256 MB or a quarter of the
 * heap, whichever is less, if it is not set
 */
@ConfigurationProperties("dejavu.near")
record NearCacheProperties(@Nullable DataSize size) {

    private static final DataSize ENOUGH = DataSize.ofMegabytes(256);

    NearCacheProperties {
        if (size != null && (size.isNegative() || size.toBytes() > Runtime.getRuntime().maxMemory() / 4)) {
            throw new InvalidConfigurationPropertyValueException("dejavu.near.size", size,
                    "must be from 0 to a quarter of the heap, which has %s MB"
                        .formatted(Runtime.getRuntime().maxMemory() >> 20));
        }
    }

    long bytes() {
        return (size != null) ? size.toBytes() : Math.min(ENOUGH.toBytes(), Runtime.getRuntime().maxMemory() / 4);
    }

}
