package dev.dejavu.web;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.unit.DataSize;

/**
 * What requests may use.
 *
 * @param maxInFlight heap for the bodies and answers of all requests in flight; by
 * default an eighth of the heap
 */
@ConfigurationProperties("dejavu.http")
record HttpProperties(@Nullable DataSize maxInFlight) {

    private static final DataSize MIN = DataSize.ofMegabytes(1);

    HttpProperties {
        if (maxInFlight != null && (maxInFlight.compareTo(MIN) < 0 || maxInFlight.toBytes() > heap() / 2)) {
            throw new InvalidConfigurationPropertyValueException("dejavu.http.max-in-flight", maxInFlight,
                    "must be from 1MB to half of the heap, which has %s MB".formatted(heap() >> 20));
        }
    }

    long maxInFlightBytes() {
        return (maxInFlight != null) ? maxInFlight.toBytes() : Math.max(MIN.toBytes(), heap() / 8);
    }

    private static long heap() {
        return Runtime.getRuntime().maxMemory();
    }

}
