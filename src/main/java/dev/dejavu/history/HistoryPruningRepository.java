package dev.dejavu.history;

import java.util.List;
import java.util.OptionalLong;

import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

import dev.dejavu.commit.GroupCommit;

/**
 * Deletes rows of the tables of the history, the oldest first.
 */
@Repository
class HistoryPruningRepository {

    /** Numbers rise with time, so the rows are no more than the numbers between them. */
    private static final String PRUNE_EVENTS = """
            delete from {table}
            where id in (select id from {table} where id >= :from order by id limit :limit)
                and (at <= :cutoff or id <= (select max(id) from {table}) - :maxRows)
            returning id
            """;

    private static final String PRUNE_SERVED = """
            delete from history_served
            where (cache, hash, overlay, day, value, identity) in (
                select cache, hash, overlay, day, value, identity from history_served
                where day >= :from and day <= :last order by day limit :limit)
            returning day
            """;

    private final JdbcClient reader;

    private final JdbcClient writer;

    private final GroupCommit commit;

    HistoryPruningRepository(JdbcClient reader, JdbcClient writer, GroupCommit commit) {
        this.reader = reader;
        this.writer = writer;
        this.commit = commit;
    }

    /**
     * Deletes events that are too old or too many.
     * @param table {@code history_event} or {@code history_registry_event}
     * @param from the number to begin with
     * @param cutoff epoch milliseconds
     * @return their numbers
     */
    List<Long> pruneEvents(String table, long from, long cutoff, long maxRows, int limit) {
        return commit.writeAlone(table,
                () -> writer.sql(PRUNE_EVENTS.replace("{table}", table))
                    .param("from", from)
                    .param("limit", limit)
                    .param("cutoff", cutoff)
                    .param("maxRows", maxRows)
                    .query(Long.class)
                    .list());
    }

    /**
     * Deletes records of who was served.
     * @return the day of each
     */
    List<Long> pruneServed(long fromDay, long lastDay, int limit) {
        return commit.writeAlone("history_served",
                () -> writer.sql(PRUNE_SERVED)
                    .param("from", fromDay)
                    .param("last", lastDay)
                    .param("limit", limit)
                    .query(Long.class)
                    .list());
    }

    OptionalLong oldestDay() {
        return reader.sql("select day from history_served order by day limit 1")
            .query(Long.class)
            .list()
            .stream()
            .mapToLong(Long::longValue)
            .findFirst();
    }

    long countServed(long day) {
        return reader.sql("select count(*) from history_served where day = ?").param(day).query(Long.class).single();
    }

}
