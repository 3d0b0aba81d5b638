package dev.dejavu.near;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.unit.DataSize;

/**
 * How much is kept.
 *
 * @param size of the heap, for each cache; 0 keeps nothing
 */
@ConfigurationProperties("dejavu.near")
record NearProperties(@DefaultValue("64MB") DataSize size) {

    private static final DataSize LARGEST = DataSize.ofGigabytes(64);

    NearProperties {
        if (size.isNegative() || size.compareTo(LARGEST) > 0) {
            throw new InvalidConfigurationPropertyValueException("dejavu.near.size", size, "must be from 0 to 64GB");
        }
    }

}
