package dev.dejavu.savings;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;

import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.support.TransactionOperations;

import dev.dejavu.cache.Scans;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.reducing;

/**
 * The tables {@code savings} and {@code savings_flush}.
 */
@Repository
class LedgerRepository {

    private static final long DAY = 86_400_000;

    private static final int HOURS_OF_DAY = 24;

    /** Returns nothing where the number was given before. */
    private static final String CLAIM = """
            insert into savings_flush (source, number, flushed_at) values (:source, :number, :now)
            on conflict (source) do update set number = excluded.number, flushed_at = excluded.flushed_at
            where savings_flush.number < excluded.number
            returning number
            """;

    private static final String COLUMNS = "period_start, period_hours, cache, scope, repository, hits, misses,"
            + " confirmed, unpriced_hits, saved_seconds, estimated_seconds, saved_bytes, estimated_bytes, spent_seconds, reports,"
            + " reported_asked, reported_hits, reported_confirmed";

    private static final String ROW = "(?" + ", ?".repeat(17) + ")";

    private static final String ADD = "insert into savings (" + COLUMNS + """
            ) values {rows}
            on conflict (period_start, period_hours, cache, scope, repository) do update set
                hits = savings.hits + excluded.hits, misses = savings.misses + excluded.misses,
                confirmed = savings.confirmed + excluded.confirmed,
                unpriced_hits = savings.unpriced_hits + excluded.unpriced_hits,
                saved_seconds = savings.saved_seconds + excluded.saved_seconds,
                estimated_seconds = savings.estimated_seconds + excluded.estimated_seconds,
                saved_bytes = savings.saved_bytes + excluded.saved_bytes,
                estimated_bytes = savings.estimated_bytes + excluded.estimated_bytes,
                spent_seconds = savings.spent_seconds + excluded.spent_seconds,
                reports = savings.reports + excluded.reports,
                reported_asked = savings.reported_asked + excluded.reported_asked,
                reported_hits = savings.reported_hits + excluded.reported_hits,
                reported_confirmed = savings.reported_confirmed + excluded.reported_confirmed
            """;

    private static final String SUM = """
            select {columns}, sum(hits) as hits, sum(misses) as misses, sum(confirmed) as confirmed,
                sum(unpriced_hits) as unpriced_hits, sum(saved_seconds) as saved_seconds, sum(estimated_seconds) as estimated_seconds,
                sum(saved_bytes) as saved_bytes, sum(estimated_bytes) as estimated_bytes,
                sum(spent_seconds) as spent_seconds, sum(reports) as reports, sum(reported_asked) as reported_asked,
                sum(reported_hits) as reported_hits, sum(reported_confirmed) as reported_confirmed
            from ({periods}) period
            group by {columns} limit :limit
            """;

    private static final String DAYS = "select * from savings where period_hours = 24 and period_start in (:days)";

    private static final String HOURS_BEFORE = """
            select * from savings where period_hours = 1 and period_start >= :from and period_start < :firstDay
            """;

    private static final String HOURS_AFTER = """
            select * from savings where period_hours = 1 and period_start >= :lastDay and period_start < :to
            """;

    /** Of two instances that delete the same rows, one gets each. */
    private static final String PRUNE = """
            delete from savings where (period_start, period_hours, cache, scope, repository) in (
                select period_start, period_hours, cache, scope, repository from savings
                where period_start >= :from and period_start < :before and period_hours <= :hours
                order by period_start, period_hours, cache, scope, repository limit :limit)
            returning period_start
            """;

    private final JdbcClient reader;

    private final JdbcClient writer;

    private final TransactionOperations transaction;

    private final Scans scans;

    private final Clock clock;

    LedgerRepository(JdbcClient reader, JdbcClient writer, TransactionOperations transaction, Scans scans,
            Clock clock) {
        this.reader = reader;
        this.writer = writer;
        this.transaction = transaction;
        this.scans = scans;
        this.clock = clock;
    }

    /**
     * Adds rows to their hours and to their days, unless they were added under this
     * number before.
     * @param source of the numbers, which rise
     * @param rows of one key each, in the order of their keys
     */
    void add(String source, long number, List<LedgerRow> rows) {
        transaction.executeWithoutResult((status) -> {
            boolean isNew = writer.sql(CLAIM)
                .param("source", source)
                .param("number", number)
                .param("now", clock.millis())
                .query(Long.class)
                .optional()
                .isPresent();
            if (isNew) {
                add(rows, 1);
                add(days(rows), HOURS_OF_DAY);
            }
        });
    }

    private void add(List<LedgerRow> rows, int hours) {
        if (!rows.isEmpty()) {
            List<Object> values = new ArrayList<>();
            rows.forEach((row) -> {
                LedgerKey key = row.key();
                Amounts all = row.amounts();
                Collections.addAll(values, key.hour(), hours, key.cache(), key.scope(), key.repository(), all.hits(),
                        all.misses(), all.confirmed(), all.unpricedHits(), all.savedSeconds(), all.estimatedSeconds(),
                        all.savedBytes(), all.estimatedBytes(), all.spentSeconds(), all.reports(), all.reportedAsked(),
                        all.reportedHits(), all.reportedConfirmed());
            });
            writer.sql(ADD.replace("{rows}", String.join(", ", Collections.nCopies(rows.size(), ROW))))
                .params(values)
                .update();
        }
    }

    private static List<LedgerRow> days(List<LedgerRow> hours) {
        return hours.stream()
            .collect(groupingBy(LedgerRepository::day, TreeMap::new,
                    mapping(LedgerRow::amounts, reducing(Amounts.NONE, Amounts::plus))))
            .entrySet()
            .stream()
            .map((day) -> new LedgerRow(day.getKey(), day.getValue()))
            .toList();
    }

    private static LedgerKey day(LedgerRow row) {
        LedgerKey key = row.key();
        return new LedgerKey(key.hour() - key.hour() % DAY, key.cache(), key.scope(), key.repository());
    }

    /**
     * Sums a time: its whole days, and the hours before and after them. The day of now is
     * whole where the time reaches into this hour: it has no later ones.
     * @param by what the sums are by
     * @param byParts whether they are by scope and repository besides
     * @param limit how many sums at most
     */
    List<LedgerSum> sum(Instant from, Instant to, By by, boolean byParts, int limit) {
        long start = from.toEpochMilli();
        long end = to.toEpochMilli();
        long now = clock.millis();
        long endOfDays = (end > LedgerCounters.hour(now)) ? Math.max(end, now - now % DAY + DAY) : end;
        List<Long> days = (by == By.HOUR) ? List.of()
                : LongStream
                    .iterate(start + Math.floorMod(-start, DAY), (day) -> day + DAY <= endOfDays, (day) -> day + DAY)
                    .boxed()
                    .toList();
        long firstDay = days.isEmpty() ? end : days.getFirst();
        long lastDay = days.isEmpty() ? end : days.getLast() + DAY;
        String periods = Stream
            .of(days.isEmpty() ? "" : DAYS, (start < firstDay) ? HOURS_BEFORE : "", (lastDay < end) ? HOURS_AFTER : "")
            .filter((period) -> !period.isEmpty())
            .collect(joining(" union all "));
        // The rows of days are in that order.
        String key = (by == By.DAY && periods.equals(DAYS)) ? By.HOUR.column() : by.column();
        String columns = key + (byParts ? ", scope, repository" : "");
        JdbcClient.StatementSpec statement = reader.sql(SUM.replace("{columns}", columns).replace("{periods}", periods))
            .param("from", start)
            .param("firstDay", firstDay)
            .param("lastDay", lastDay)
            .param("to", end)
            .param("days", days)
            .param("limit", limit);
        return scans.execute(() -> statement
            .query((row, index) -> new LedgerSum(row.getString(1), byParts ? row.getString("scope") : "",
                    byParts ? row.getString("repository") : "", amounts(row)))
            .list());
    }

    /**
     * Deletes some hours.
     * @return them, epoch milliseconds; fewer than the limit when none is left
     */
    List<Long> pruneHours(Instant before, long from, int limit) {
        return Objects.requireNonNull(transaction.execute((status) -> prune(before, from, limit, 1)));
    }

    /**
     * Deletes some hours and days, as {@link #pruneHours}, and the numbers of processes
     * that are gone.
     */
    List<Long> prune(Instant before, Instant flushedBefore, long from, int limit) {
        return Objects.requireNonNull(transaction.execute((status) -> {
            writer.sql("delete from savings_flush where flushed_at < ?").param(flushedBefore.toEpochMilli()).update();
            return prune(before, from, limit, HOURS_OF_DAY);
        }));
    }

    private List<Long> prune(Instant before, long from, int limit, int hours) {
        return writer.sql(PRUNE)
            .param("before", before.toEpochMilli())
            .param("from", from)
            .param("hours", hours)
            .param("limit", limit)
            .query((row, index) -> row.getLong(1))
            .list();
    }

    private static Amounts amounts(ResultSet row) throws SQLException {
        return new Amounts(row.getLong("hits"), row.getLong("misses"), row.getLong("confirmed"),
                row.getLong("unpriced_hits"), row.getDouble("saved_seconds"), row.getDouble("estimated_seconds"),
                row.getDouble("saved_bytes"), row.getDouble("estimated_bytes"), row.getDouble("spent_seconds"),
                row.getLong("reports"), row.getLong("reported_asked"), row.getLong("reported_hits"),
                row.getLong("reported_confirmed"));
    }

}
