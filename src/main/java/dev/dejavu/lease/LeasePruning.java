package dev.dejavu.lease;

import java.time.Clock;
import java.time.Duration;
import java.util.List;

import org.springframework.stereotype.Component;

import dev.dejavu.cache.Prunable;

/**
 * Deletes leases that expired long ago: a holder may come back to one that nobody took.
 */
@Component
class LeasePruning implements Prunable {

    private static final Duration MIN_AGE = Duration.ofHours(1);

    private final LeaseRepository repository;

    private final Clock clock;

    LeasePruning(LeaseRepository repository, Clock clock) {
        this.repository = repository;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "leases";
    }

    @Override
    public List<Long> pruneExpired(long from, int limit) {
        return repository.prune(from, clock.millis() - MIN_AGE.toMillis(), limit);
    }

}
