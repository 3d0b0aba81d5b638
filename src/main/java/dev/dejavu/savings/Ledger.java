package dev.dejavu.savings;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.Callers;
import dev.dejavu.cache.Grant;
import dev.dejavu.cache.KeyParts;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.reducing;

/**
 * What the caches saved, of what the caller may read. Up to ten seconds old.
 */
@Component
public class Ledger {

    /** Of scopes or repositories. */
    private static final int MAX_ROWS = 1000;

    /** That are read at once. */
    private static final int MAX_SUMS = 50_000;

    /** That are read at once where each scope and repository has a row for each day. */
    private static final Duration STEP = Duration.ofDays(7);

    private final LedgerRepository repository;

    private final LedgerCounters counters;

    private final Callers callers;

    Ledger(LedgerRepository repository, LedgerCounters counters, Callers callers) {
        this.repository = repository;
        this.counters = counters;
        this.callers = callers;
    }

    /**
     * Counts reports of clients.
     * @throws ProblemException {@link Problem#FORBIDDEN}
     */
    void add(List<UsageReport> reports) {
        Grant reading = callers.current().reading();
        if (!reports.stream()
            .map(UsageReport::scope)
            .allMatch((scope) -> scope.isEmpty() || reading.covers(new Parts(scope, null)))) {
            throw new ProblemException(Problem.FORBIDDEN, "Your token is limited to other scopes.");
        }
        reports.forEach(counters::add);
    }

    /**
     * Sums a time. Hours and days in which nothing happened have no row; of scopes and
     * repositories, the thousand that saved most have one. Who may read some entries
     * alone sees what those saved.
     * @throws ProblemException {@link Problem#MALFORMED_QUERY} when too much is in it
     * @param from in it
     * @param to not in it
     */
    public Savings read(Instant from, Instant to, By by) {
        return read(callers.current().reading(), from, to, by);
    }

    /** Sums a time as {@link #read} does, in several ways at once. */
    public List<Savings> readAll(Instant from, Instant to, List<By> ways) {
        Grant reading = callers.current().reading();
        return ways.parallelStream().map((by) -> read(reading, from, to, by)).toList();
    }

    private Savings read(Grant reading, Instant from, Instant to, By by) {
        Stream<LedgerSum> covered = reading.isAll() ? sums(from, to, by, false)
                : Stream.iterate(from, (start) -> start.isBefore(to), Ledger::next)
                    .flatMap((start) -> sums(start, next(start).isBefore(to) ? next(start) : to, by, true))
                    .filter((sum) -> reading.covers(partsOf(sum)));
        Map<String, Amounts> sums = covered.collect(groupingBy(LedgerSum::bucket, TreeMap::new,
                mapping(LedgerSum::amounts, reducing(Amounts.NONE, Amounts::plus))));
        Amounts total = sums.values().stream().reduce(Amounts.NONE, Amounts::plus);
        Comparator<Savings.Row> order = by.isTime() ? Comparator.comparing(Ledger::start)
                : Comparator.comparingDouble(Savings.Row::savedSeconds).reversed();
        List<Savings.Row> rows = sums.entrySet()
            .stream()
            .map((sum) -> row(by, sum.getKey(), sum.getValue()))
            .sorted(order)
            .limit(by.isTime() ? sums.size() : MAX_ROWS)
            .toList();
        return new Savings(from, to, by, Savings.Row.of(null, null, total), rows);
    }

    private Stream<LedgerSum> sums(Instant from, Instant to, By by, boolean byParts) {
        List<LedgerSum> all = repository.sum(from, to, by, byParts, MAX_SUMS + 1);
        if (all.size() > MAX_SUMS) {
            throw new ProblemException(Problem.MALFORMED_QUERY,
                    "There are too many scopes and repositories in that time: ask for a shorter one.");
        }
        return all.stream();
    }

    /** Begins with a day. */
    private static Instant next(Instant start) {
        return start.truncatedTo(ChronoUnit.DAYS).plus(STEP);
    }

    /**
     * A limit to repositories covers none without one: a report of anybody may be in it.
     */
    private static @Nullable KeyParts partsOf(LedgerSum sum) {
        return sum.scope().isEmpty() ? null : new Parts(sum.scope(), sum.repository());
    }

    private static Instant start(Savings.Row row) {
        Instant from = row.from();
        return (from != null) ? from : Instant.MIN;
    }

    private static Savings.Row row(By by, String bucket, Amounts amounts) {
        return by.isTime() ? Savings.Row.of(Instant.ofEpochMilli(Long.parseLong(bucket)), null, amounts)
                : Savings.Row.of(null, bucket.isEmpty() ? null : bucket, amounts);
    }

    /**
     * The parts of a row.
     */
    private record Parts(String scope, @Nullable String repository) implements KeyParts {
    }

}
