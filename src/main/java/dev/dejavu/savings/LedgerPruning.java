package dev.dejavu.savings;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.dejavu.cache.Prunable;

/**
 * The ledger keeps its hours for a year and its days for longer.
 */
@Configuration(proxyBeanMethods = false)
class LedgerPruning {

    private static final Duration KEEP_HOURS = Duration.ofDays(365);

    /** Nobody sends a part of the ledger again so late. */
    private static final Duration KEEP_FLUSHES = Duration.ofDays(30);

    /** When the oldest hour began that is kept. */
    static Instant oldestHour(Clock clock) {
        return clock.instant().minus(KEEP_HOURS).truncatedTo(ChronoUnit.DAYS);
    }

    @Bean
    Prunable hoursOfSavings(LedgerRepository ledger, Clock clock) {
        return new Prunable() {

            @Override
            public String name() {
                return "hours of savings";
            }

            @Override
            public List<Long> pruneExpired(long from, int limit) {
                return ledger.pruneHours(oldestHour(clock), from, limit);
            }

        };
    }

    @Bean
    Prunable savings(LedgerRepository ledger, SavingsProperties properties, Clock clock) {
        return new Prunable() {

            @Override
            public String name() {
                return "savings";
            }

            @Override
            public List<Long> pruneExpired(long from, int limit) {
                Instant now = clock.instant();
                return ledger.prune(now.minus(properties.keep()), now.minus(KEEP_FLUSHES), from, limit);
            }

        };
    }

}
