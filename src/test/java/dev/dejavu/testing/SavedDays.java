package dev.dejavu.testing;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What caches saved on earlier days.
 *
 * @param writer of the database
 */
public record SavedDays(JdbcClient writer) {

    private static final String ADD = """
            insert into savings (period_start, period_hours, cache, scope, repository, hits, misses, confirmed,
                unpriced_hits, saved_seconds, estimated_seconds, saved_bytes, estimated_bytes, spent_seconds, reports,
                reported_asked, reported_hits, reported_confirmed)
            values (:start, 24, 'images', '', :repository, :hits, :misses, :confirmed, 0, :seconds, 0, 0, 0, 0, 0, 0, 0, 0)
            """;

    /**
     * Adds what a repository saved.
     * @param day any time in it
     * @param confirmed of the hits
     */
    public void add(Instant day, String repository, int hits, int confirmed, int misses, double seconds) {
        writer.sql(ADD)
            .param("start", day.truncatedTo(ChronoUnit.DAYS).toEpochMilli())
            .param("repository", repository)
            .param("hits", hits)
            .param("misses", misses)
            .param("confirmed", confirmed)
            .param("seconds", seconds)
            .update();
    }

}
