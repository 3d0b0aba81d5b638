package dev.dejavu.savings;

import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.springframework.util.MultiValueMap;

import dev.dejavu.api.ListQuery;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * The query of {@code /savings}.
 */
record SavingsQuery(Instant from, Instant to, By by) {

    private static final Duration DEFAULT = Duration.ofDays(30);

    private static final Duration MAX = Duration.ofDays(3660);

    private static final Duration MAX_OF_HOURS = Duration.ofDays(93);

    /**
     * Reads a query.
     * @throws ProblemException {@link Problem#MALFORMED_QUERY}
     */
    static SavingsQuery of(MultiValueMap<String, String> parameters, Clock clock) {
        ListQuery.requireKnown(parameters, Set.of("from", "to", "by"));
        By by = by(parameters.getFirst("by"));
        Instant to = time("to", parameters.getFirst("to"), 1, clock.instant().truncatedTo(ChronoUnit.MILLIS));
        Instant from = time("from", parameters.getFirst("from"), 0, to.minus(DEFAULT).truncatedTo(ChronoUnit.DAYS))
            .truncatedTo(ChronoUnit.HOURS);
        Duration max = (by == By.HOUR) ? MAX_OF_HOURS : MAX;
        if (!from.isBefore(to) || Duration.between(from, to).compareTo(max) > 0) {
            throw malformed("from must be before to, by " + max.toDays() + " days at most.");
        }
        Instant oldestHour = LedgerPruning.oldestHour(clock);
        if (by == By.HOUR && from.isBefore(oldestHour)) {
            throw malformed("Hours are kept since " + oldestHour + ": ask for what is older by day.");
        }
        return new SavingsQuery(from, to, by);
    }

    private static By by(@Nullable String text) {
        if (text == null) {
            return By.DAY;
        }
        return Arrays.stream(By.values())
            .filter((by) -> by.toString().equals(text))
            .findFirst()
            .orElseThrow(() -> malformed("by must be day, hour, scope, repository or cache."));
    }

    private static Instant time(String name, @Nullable String text, int daysAfter, Instant absent) {
        if (text == null) {
            return absent;
        }
        try {
            Instant time = (text.length() == 10)
                    ? LocalDate.parse(text).plusDays(daysAfter).atStartOfDay().toInstant(ZoneOffset.UTC)
                    : Instant.parse(text).truncatedTo(ChronoUnit.MILLIS);
            if (time.isAfter(Instant.EPOCH.minusMillis(1)) && time.isBefore(Instant.parse("9999-01-01T00:00:00Z"))) {
                return time;
            }
        }
        catch (DateTimeException ex) {
            // as any other malformed time
        }
        throw malformed(name + " must be a date or an instant, as in 2026-01-31 or 2026-01-31T09:30:00Z.");
    }

    private static ProblemException malformed(String detail) {
        return new ProblemException(Problem.MALFORMED_QUERY, detail);
    }

}
