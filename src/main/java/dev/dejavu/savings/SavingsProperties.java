package dev.dejavu.savings;

import java.time.Duration;
import java.time.temporal.ChronoUnit;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.convert.DurationUnit;

/**
 * The ledger.
 *
 * @param keep how long it keeps what was saved, in hours for a year and then in days;
 * days, unless it names a unit
 */
@ConfigurationProperties("dejavu.savings")
record SavingsProperties(@DefaultValue("1825d") @DurationUnit(ChronoUnit.DAYS) Duration keep) {

    SavingsProperties {
        if (keep.compareTo(Duration.ofDays(1)) < 0 || keep.compareTo(Duration.ofDays(36500)) > 0) {
            throw new InvalidConfigurationPropertyValueException("dejavu.savings.keep", keep,
                    "must be from 1d to 36500d");
        }
    }

}
