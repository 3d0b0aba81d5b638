package dev.dejavu.nearcache;

import java.time.Duration;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.unit.DataSize;

/**
 * How much heap the near caches use, and how long they replace the database.
 *
 * @param maxSize heap per cache; 0 turns the near caches off; by default 256 MB or a
 * quarter of the heap, whichever is less
 * @param staleIfError how long hits are served, marked as stale, while the database does
 * not answer; 0 for not at all
 */
@ConfigurationProperties("dejavu.near-cache")
public record NearCacheProperties(@Nullable DataSize maxSize, @DefaultValue("2m") Duration staleIfError) {

    private static final DataSize ENOUGH = DataSize.ofMegabytes(256);

    private static final Duration MAX_STALE = Duration.ofHours(1);

    public NearCacheProperties {
        if (maxSize != null && (maxSize.isNegative() || maxSize.toBytes() > Runtime.getRuntime().maxMemory() / 4)) {
            throw new InvalidConfigurationPropertyValueException("dejavu.near-cache.max-size", maxSize,
                    "must be from 0 to a quarter of the heap, which has %s MB"
                        .formatted(Runtime.getRuntime().maxMemory() >> 20));
        }
        if (staleIfError.isNegative() || staleIfError.compareTo(MAX_STALE) > 0) {
            throw new InvalidConfigurationPropertyValueException("dejavu.near-cache.stale-if-error", staleIfError,
                    "must be from 0 to 1h");
        }
    }

    long bytes() {
        return (maxSize != null) ? maxSize.toBytes() : Math.min(ENOUGH.toBytes(), Runtime.getRuntime().maxMemory() / 4);
    }

}
