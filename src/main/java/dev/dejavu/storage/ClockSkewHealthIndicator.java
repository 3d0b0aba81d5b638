package dev.dejavu.storage;

import java.time.Duration;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/**
 * Shows how far the clock of this machine is ahead of the database's. Never down, because
 * the database's counts.
 */
@Component
class ClockSkewHealthIndicator implements HealthIndicator {

    private final ObjectProvider<DatabaseClock> clock;

    ClockSkewHealthIndicator(ObjectProvider<DatabaseClock> clock) {
        this.clock = clock;
    }

    @Override
    public Health health() {
        DatabaseClock ofDatabase = clock.getIfAvailable();
        Duration skew = (ofDatabase != null) ? ofDatabase.skew() : null;
        return (skew != null) ? Health.up().withDetail("skew", skew.toString()).build() : Health.up().build();
    }

}
