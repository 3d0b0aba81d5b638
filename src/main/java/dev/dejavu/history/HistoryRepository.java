package dev.dejavu.history;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.commit.GroupCommit;

/**
 * The tables {@code history_event}, {@code history_registry_event} and
 * {@code history_served}, the same on SQLite and PostgreSQL.
 */
@Repository
class HistoryRepository {

    /** Events of a key that are read, the newest. */
    static final int MAX_EVENTS = 500;

    static final int MAX_SERVED = 1000;

    /** Rows of one statement. */
    private static final int MAX_ROWS = 64;

    private static final String ADD_EVENTS = """
            insert into history_event (cache, hash, overlay, at, kind, value, previous_value, actor, reason, scope,
                repository, digests, true_at)
            values""";

    private static final String ADD_REGISTRY_EVENTS = """
            insert into history_registry_event (repository, subject, at, kind, digest, webhook)
            values""";

    private static final String ADD_SERVED = """
            insert into history_served (cache, hash, overlay, day, value, identity, first_at, last_at, times)
            values""";

    /**
     * A row does not have its minutes, but surely its first and its last one: these count
     * once, whichever instances served in them.
     */
    private static final String MERGE_SERVED = """
             on conflict (cache, hash, overlay, day, value, identity) do update set
                first_at = case when excluded.first_at < history_served.first_at
                    then excluded.first_at else history_served.first_at end,
                last_at = case when excluded.last_at > history_served.last_at
                    then excluded.last_at else history_served.last_at end,
                times = history_served.times + excluded.times
                    - case when excluded.first_at in (history_served.first_at, history_served.last_at) then 1 else 0 end
                    - case when excluded.last_at > excluded.first_at
                        and excluded.last_at in (history_served.first_at, history_served.last_at) then 1 else 0 end
            """;

    static final String EVENTS = """
            select * from history_event
            where cache = :cache and hash = :hash and at >= :since {overlays}
            order by at desc, id desc limit :limit
            """;

    static final String REMOVALS = EVENTS.replace("{overlays}",
            "and overlay in (:overlay, '*') and (value is null or value in (:values))");

    static final String REGISTRY_EVENTS = """
            select * from history_registry_event
            where repository = :repository and subject in (:subjects) and at >= :since
            order by at desc, id desc limit :limit
            """;

    static final String SERVED = """
            select identity, min(first_at) as first_at, max(last_at) as last_at, sum(times) as times
            from history_served
            where cache = :cache and hash = :hash {overlays} {value}
            group by identity order by max(last_at) desc, identity limit :limit
            """;

    private final JdbcClient reader;

    private final JdbcClient writer;

    private final GroupCommit commit;

    HistoryRepository(JdbcClient reader, JdbcClient writer, GroupCommit commit) {
        this.reader = reader;
        this.writer = writer;
        this.commit = commit;
    }

    /** Adds rows in one transaction, of their own: no entry waits for more than one. */
    void add(List<EventRow> events, List<RegistryEventRow> registryEvents, List<ServedRow> served) {
        commit.writeAlone("history", () -> {
            insert(ADD_EVENTS, "", events.stream().map(HistoryRepository::values).toList());
            insert(ADD_REGISTRY_EVENTS, "", registryEvents.stream().map(HistoryRepository::values).toList());
            insert(ADD_SERVED, MERGE_SERVED, distinct(served));
            return true;
        });
    }

    /** Some sizes of statements alone, as each is prepared. */
    private void insert(String sql, String end, List<List<@Nullable Object>> rows) {
        int from = 0;
        while (from < rows.size()) {
            int size = Math.min(Integer.highestOneBit(rows.size() - from), MAX_ROWS);
            List<@Nullable Object> parameters = new ArrayList<>();
            rows.subList(from, from + size).forEach(parameters::addAll);
            String row = "(" + String.join(", ", Collections.nCopies(rows.getFirst().size(), "?")) + ")";
            writer.sql(sql + " " + String.join(", ", Collections.nCopies(size, row)) + end).params(parameters).update();
            from += size;
        }
    }

    private static List<@Nullable Object> values(EventRow event) {
        return Arrays.asList(event.cache(), event.hash(), event.overlay(), event.at(), event.kind().toString(),
                event.value(), event.previousValue(), event.actor(), event.reason(), event.scope(), event.repository(),
                event.digests(), event.trueAt());
    }

    private static List<@Nullable Object> values(RegistryEventRow event) {
        return Arrays.asList(event.repository(), event.subject(), event.at(),
                event.kind().name().toLowerCase(Locale.ROOT), event.digest(), event.webhook());
    }

    /** Each row once, as PostgreSQL wants it, and in one order, against deadlocks. */
    private static List<List<@Nullable Object>> distinct(List<ServedRow> served) {
        Map<List<@Nullable Object>, ServedRow> rows = new LinkedHashMap<>();
        for (ServedRow row : served) {
            Servings.Key key = row.key();
            rows.merge(Arrays.asList(key.cache(), key.key().hex(), key.key().overlay(), row.day(), row.valueId(),
                    key.identity()), row, ServedRow::and);
        }
        return rows.entrySet()
            .stream()
            .sorted(Comparator.comparing((entry) -> entry.getKey().toString()))
            .map((entry) -> {
                List<@Nullable Object> values = new ArrayList<>(entry.getKey());
                values.addAll(List.of(entry.getValue().firstAt(), entry.getValue().lastAt(), entry.getValue().times()));
                return values;
            })
            .toList();
    }

    /**
     * What happened to a key.
     * @param overlays {@code null} for all
     * @return newest first, one more than the limit at most
     */
    List<EventRow> events(String cache, String hash, @Nullable Collection<String> overlays, long since) {
        return reader.sql(EVENTS.replace("{overlays}", in(overlays)))
            .param("cache", cache)
            .param("hash", hash)
            .param("since", since)
            .param("overlays", overlays)
            .param("limit", MAX_EVENTS + 1)
            .query((row, number) -> event(row))
            .list();
    }

    /**
     * Removals of many entries that can have removed one.
     * @param values that it had
     * @return newest first, a bounded number
     */
    List<EventRow> removals(String cache, String overlay, Collection<String> values, long since) {
        return values.isEmpty() ? List.of()
                : reader.sql(REMOVALS)
                    .param("cache", cache)
                    .param("hash", EventRow.MANY)
                    .param("since", since)
                    .param("overlay", overlay)
                    .param("values", values)
                    .param("limit", MAX_EVENTS)
                    .query((row, number) -> event(row))
                    .list();
    }

    List<RegistryEventRow> registryEvents(String repository, Collection<String> subjects, long since) {
        return reader.sql(REGISTRY_EVENTS)
            .param("repository", repository)
            .param("subjects", subjects)
            .param("since", since)
            .param("limit", MAX_EVENTS)
            .query((row, number) -> new RegistryEventRow(row.getString("repository"), row.getString("subject"),
                    row.getLong("at"), RegistryEvent.Kind.valueOf(row.getString("kind").toUpperCase(Locale.ROOT)),
                    row.getString("digest"), row.getString("webhook")))
            .list();
    }

    /**
     * Who was served, one more than the limit at most.
     * @param overlays {@code null} for all
     * @param value {@code null} for any
     * @param since epoch milliseconds of a minute
     */
    List<Served> served(String cache, String hash, @Nullable Collection<String> overlays, @Nullable String value,
            long since) {
        String condition = (value != null) ? "and value = :value and day >= :day and last_at >= :since" : "";
        return reader.sql(SERVED.replace("{overlays}", in(overlays)).replace("{value}", condition))
            .param("cache", cache)
            .param("hash", hash)
            .param("overlays", overlays)
            .param("value", (value != null) ? ServedRow.valueId(value) : null)
            .param("day", ServedRow.day(since))
            .param("since", since)
            .param("limit", MAX_SERVED + 1)
            .query((row, number) -> new Served(row.getString("identity"), instant(row, "first_at"),
                    instant(row, "last_at"), row.getLong("times")))
            .list();
    }

    private static String in(@Nullable Collection<String> overlays) {
        return (overlays != null) ? "and overlay in (:overlays)" : "";
    }

    private static EventRow event(ResultSet row) throws SQLException {
        long trueAt = row.getLong("true_at");
        return new EventRow(row.getString("cache"), row.getString("hash"), row.getString("overlay"), row.getLong("at"),
                HistoryEvent.Kind.valueOf(row.getString("kind").toUpperCase(Locale.ROOT)), row.getString("value"),
                row.getString("previous_value"), row.getString("actor"), row.getString("reason"),
                row.getString("scope"), row.getString("repository"), row.getString("digests"),
                (trueAt != 0) ? trueAt : null);
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        return Instant.ofEpochMilli(row.getLong(column));
    }

}
