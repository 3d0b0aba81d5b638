package dev.dejavu.savings;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * What the caches saved in a time.
 *
 * @param to its end, which is not in it
 * @param total of all rows, those that are not shown too
 * @param rows the oldest first, or what saved most
 */
public record Savings(Instant from, Instant to, By by, Row total, List<Row> rows) {

    /**
     * A sum. Seconds and bytes that were saved are those of the hits that have a cost,
     * and estimates of the others.
     *
     * @param from when the day or the hour begins; {@code null} for what is no time
     * @param key the scope, repository or cache; {@code null} for a time, for the total,
     * and where it is not known
     * @param asked keys that were looked up
     * @param confirmed of the hits, those of callers that had a value before, which save
     * nothing
     * @param unpricedHits hits of which nobody knows what they saved: they count nothing
     * @param estimatedSeconds of {@code savedSeconds}
     * @param estimatedBytes of {@code savedBytes}
     * @param spentSeconds that clients report to have spent asking
     * @param netSeconds saved less spent: a loss is below zero
     * @param reports of clients
     * @param reportedAsked keys that they say they asked for
     * @param reportedHits of those
     * @param reportedConfirmed of those
     */
    public record Row(@Nullable Instant from, @Nullable String key, long asked, long hits, long misses, long confirmed,
            long unpricedHits, double savedSeconds, double estimatedSeconds, long savedBytes, long estimatedBytes,
            double spentSeconds, double netSeconds, long reports, long reportedAsked, long reportedHits,
            long reportedConfirmed) {

        static Row of(@Nullable Instant from, @Nullable String key, Amounts all) {
            return new Row(from, key, all.hits() + all.misses(), all.hits(), all.misses(), all.confirmed(),
                    all.unpricedHits(), rounded(all.savedSeconds()), rounded(all.estimatedSeconds()),
                    Math.round(all.savedBytes()), Math.round(all.estimatedBytes()), rounded(all.spentSeconds()),
                    rounded(all.savedSeconds() - all.spentSeconds()), all.reports(), all.reportedAsked(),
                    all.reportedHits(), all.reportedConfirmed());
        }

        /** To microseconds: sums of fractions have a tail. */
        private static double rounded(double seconds) {
            return Math.round(seconds * 1e6) / 1e6;
        }

    }

}
