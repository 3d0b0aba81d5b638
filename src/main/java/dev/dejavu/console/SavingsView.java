package dev.dejavu.console;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import dev.dejavu.savings.By;
import dev.dejavu.savings.Ledger;
import dev.dejavu.savings.Savings;

/**
 * What the caches saved, on a page.
 *
 * @param days of the time in which something happened, the newest first
 * @param repositories that were asked for most
 * @param chart for the script that draws it
 */
record SavingsView(Row total, String bytes, List<Row> days, Excerpt<Row> repositories, Chart chart) {

    private static final int MAX_REPOSITORIES = 10;

    static SavingsView of(Ledger ledger, int days, Instant now, boolean knowsMisses) {
        Instant to = now.truncatedTo(ChronoUnit.HOURS).plus(Duration.ofHours(1));
        Instant from = now.truncatedTo(ChronoUnit.DAYS).minus(Duration.ofDays(days - 1L));
        List<Savings> sums = ledger.readAll(from, to, List.of(By.DAY, By.REPOSITORY));
        Savings byDay = sums.getFirst();
        Savings byRepository = sums.getLast();
        return new SavingsView(Row.of("", byDay.total(), knowsMisses), size(byDay.total().savedBytes()),
                byDay.rows().reversed().stream().map((row) -> Row.of(day(row), row, knowsMisses)).toList(),
                Excerpt
                    .of(byRepository.rows()
                        .stream()
                        .filter((row) -> row.key() != null)
                        .sorted(Comparator.comparingLong(Savings.Row::hits).reversed())
                        .toList(), MAX_REPOSITORIES)
                    .map((row) -> Row.of(String.valueOf(row.key()), row, knowsMisses)),
                Chart.of(byDay));
    }

    private static String size(long bytes) {
        return (bytes < 1e9) ? String.format(Locale.ROOT, "%.0f MB", bytes / 1e6)
                : String.format(Locale.ROOT, "%,.1f GB", bytes / 1e9);
    }

    private static String day(Savings.Row row) {
        return LocalDate.ofInstant(start(row), ZoneOffset.UTC).toString();
    }

    private static Instant start(Savings.Row day) {
        return Objects.requireNonNull(day.from());
    }

    /** Of what the callers did not have; empty where that was nothing. */
    private static String percent(Savings.Row row) {
        long asked = row.asked() - row.confirmed();
        return (asked > 0) ? String.format(Locale.ROOT, "%.1f", 100.0 * (row.hits() - row.confirmed()) / asked) : "";
    }

    /**
     * A sum.
     *
     * @param confirmed hits that saved nothing, as the callers had the values before
     * @param unpriced hits of which nobody knows what they saved
     * @param isLoss whether asking cost more than the hits saved
     * @param estimated how much of what was saved is an estimate; empty for nothing
     */
    record Row(String name, String asked, String hits, String confirmed, String ratio, String saved, String estimated,
            String spent, String net, String unpriced, boolean isLoss) {

        static Row of(String name, Savings.Row row, boolean knowsMisses) {
            String percent = percent(row);
            return new Row(name, knowsMisses ? String.format(Locale.ROOT, "%,d", row.asked()) : "–",
                    String.format(Locale.ROOT, "%,d", row.hits()), String.format(Locale.ROOT, "%,d", row.confirmed()),
                    (knowsMisses && !percent.isEmpty()) ? percent + " %" : "–", time(row.savedSeconds()),
                    (row.estimatedSeconds() > 0) ? time(row.estimatedSeconds()) : "", time(row.spentSeconds()),
                    time(row.netSeconds()), String.format(Locale.ROOT, "%,d", row.unpricedHits()),
                    row.netSeconds() < 0);
        }

        /** As in {@code 3 h 12 min}. */
        private static String time(double seconds) {
            double size = Math.abs(seconds);
            String sign = (seconds < 0) ? "−" : "";
            if (size < 60) {
                return sign + String.format(Locale.ROOT, "%.1f s", size);
            }
            long minutes = Math.round(size / 60);
            return sign + ((minutes < 60) ? minutes + " min" : "%,d h %d min".formatted(minutes / 60, minutes % 60));
        }

    }

    /**
     * Each day of the time, also those in which nothing happened.
     *
     * @param times when they begin, in seconds, joined by commas
     * @param hours net, likewise
     * @param ratios in percent, likewise; empty where there is none
     */
    record Chart(String times, String hours, String ratios) {

        static Chart of(Savings byDay) {
            Map<Instant, Savings.Row> rows = byDay.rows()
                .stream()
                .collect(Collectors.toMap(SavingsView::start, Function.identity()));
            List<Instant> days = Stream
                .iterate(byDay.from(), (day) -> day.isBefore(byDay.to()), (day) -> day.plus(1, ChronoUnit.DAYS))
                .toList();
            return new Chart(join(days, (day) -> String.valueOf(day.getEpochSecond())),
                    join(days, (day) -> Optional.ofNullable(rows.get(day)).map(Chart::hours).orElse("0")),
                    join(days, (day) -> Optional.ofNullable(rows.get(day)).map(SavingsView::percent).orElse("")));
        }

        private static String hours(Savings.Row row) {
            return String.format(Locale.ROOT, "%.4f", row.netSeconds() / 3600);
        }

        private static String join(List<Instant> days, Function<Instant, String> value) {
            return days.stream().map(value).collect(Collectors.joining(","));
        }

    }

}
