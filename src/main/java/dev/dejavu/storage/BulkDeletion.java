package dev.dejavu.storage;

import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Selection;
import dev.dejavu.cache.TimeToLive;

/**
 * Deletes many rows of a cache's table, in transactions of its own that queue with the
 * writes. A statement first locks its rows in the order of their keys, in a materialized
 * expression, which PostgreSQL evaluates once whatever its plan. Then it repeats the
 * condition, to spare a row that another connection wrote meanwhile.
 */
class BulkDeletion {

    private static final Logger log = LoggerFactory.getLogger(BulkDeletion.class);

    private static final String REMOVE = """
            with locked as materialized (
                select {key}, overlay from {table}
                where ({key}, overlay) > (:afterKey, :afterOverlay) {condition}
                order by {key}, overlay limit :limit {lock})
            delete from {table} where ({key}, overlay) in (select {key}, overlay from locked) {condition}
            returning {key}, overlay
            """;

    /** That of both databases: keys are of ASCII, hex above all. */
    private static final Comparator<CacheKey> ORDER = Comparator.comparing(CacheKey::hex)
        .thenComparing(CacheKey::overlay);

    private static final String NOT_STORED_MEANWHILE = " and not (created_at > :since and created_at <= :now)";

    private static final String PRUNE = """
            with expired as materialized (
                select {key}, overlay from {table} where created_at between :from and :cutoff {condition}
                order by created_at, {key}, overlay limit :limit),
            locked as materialized (
                select {key}, overlay from {table} where ({key}, overlay) in (select {key}, overlay from expired)
                order by {key}, overlay {lock})
            delete from {table} where ({key}, overlay) in (select {key}, overlay from locked) and created_at <= :cutoff
            returning created_at
            """;

    /** Beyond so many rows the statistics say how many there are. */
    private static final String COUNT = """
            select case when counted <= 100000 then counted else greatest(counted, (
                select cast(reltuples as bigint) from pg_class where oid = to_regclass('{table}'))) end
            from (select count(*) as counted from (select 1 from {table} limit 100001) some) counting
            """;

    private final CacheDatabase database;

    private final TableNames names;

    private final TimeToLive timeToLive;

    private final AnnouncedTtl announced;

    BulkDeletion(CacheDatabase database, TableNames names, TimeToLive timeToLive, AnnouncedTtl announced) {
        this.announced = announced;
        this.database = database;
        this.names = names;
        this.timeToLive = timeToLive;
    }

    List<CacheKey> removeSome(Selection selection, CacheKey after, int limit) {
        // "overlay <> ''" is for the planner: an index has only those.
        String condition = ((selection.value() != null) ? " and {value} = :value" : "")
                + ((selection.overlay() != null) ? " and overlay = :overlay and overlay <> ''" : "")
                + NOT_STORED_MEANWHILE;
        return execute(() -> writing(REMOVE, condition).param("afterKey", after.hex())
            .param("afterOverlay", after.overlay())
            .param("value", selection.value())
            .param("overlay", selection.overlay())
            .param("since", selection.since())
            .param("now", timeToLive.now().toEpochMilli())
            .param("limit", limit)
            .query((row, number) -> new CacheKey(row.getString(1), row.getString(2)))
            .list()).stream().sorted(ORDER).toList();
    }

    /**
     * Truncates the table. SQLite would visit each page for that, and let all writers
     * wait.
     */
    OptionalInt truncate() {
        if (!database.isPostgresql()) {
            return OptionalInt.empty();
        }
        try {
            return OptionalInt.of(execute(() -> {
                // All who read wait meanwhile.
                writing("set local lock_timeout = 200", "").update();
                writing("lock table {table} in access exclusive mode", "").update();
                int rows = writing(COUNT, "").query(Integer.class).single();
                writing("truncate table {table}", "").update();
                return rows;
            }));
        }
        catch (DataAccessException ex) {
            log.debug("Cannot truncate {}", names.table(), ex);
            return OptionalInt.empty();
        }
    }

    List<Long> pruneExpired(long from, int limit) {
        return pruneExpired("", from, announced::cutoff, limit);
    }

    List<Long> pruneExpiredOverlays(long from, int limit) {
        return pruneExpired("and overlay <> ''", from, announced::overlayCutoff, limit);
    }

    private List<Long> pruneExpired(String condition, long from, LongSupplier cutoff, int limit) {
        return execute(() -> writing(PRUNE, condition).param("from", from)
            .param("cutoff", cutoff.getAsLong())
            .param("limit", limit)
            .query((row, number) -> row.getLong("created_at"))
            .list());
    }

    /**
     * A plan for any parameters may search the whole table, as it does not know that a
     * limit is low.
     */
    private <T> T execute(Supplier<T> statement) {
        return database.commit().writeAlone(names.table(), () -> {
            if (database.isPostgresql()) {
                writing("set local plan_cache_mode = force_custom_plan", "").update();
            }
            return statement.get();
        });
    }

    private JdbcClient.StatementSpec writing(String sql, String condition) {
        return database.writer()
            .sql(names.fill(sql.replace("{condition}", condition)).replace("{lock}", database.rowLock()));
    }

}
