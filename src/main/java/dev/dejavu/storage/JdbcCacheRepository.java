package dev.dejavu.storage;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheTable;
import dev.dejavu.cache.Cost;
import dev.dejavu.cache.CountedRows;
import dev.dejavu.cache.Cursor;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.PutCondition;
import dev.dejavu.cache.PutResult;
import dev.dejavu.cache.Search;
import dev.dejavu.cache.Selection;
import dev.dejavu.cache.TimeToLive;

/**
 * The repository of a cache's table, with the SQL that all such tables share, the same
 * for SQLite and PostgreSQL.
 *
 * @param <E> the entry
 */
public abstract class JdbcCacheRepository<E extends CacheEntry> implements CacheTable<E> {

    private static final String FIND = """
            select * from {table} where {key} = ? and overlay = ? and created_at > ?
            """;

    private static final String FIND_ALL = """
            select * from {table}
            where {key} in (:keys) and overlay in (:overlays)
                and created_at > :cutoff and (overlay = '' or created_at > :overlayCutoff)
            """;

    /** Without a parameter for the limit, which a plan depends on. */
    private static final String KEYS = """
            select {key}, overlay from {table} where ({key}, overlay) > (?, ?) order by {key}, overlay limit {limit}
            """;

    private static final String LIST = """
            select * from {table}
            where created_at > :cutoff and (overlay = '' or created_at > :overlayCutoff)
                and (created_at, {key}, overlay) < (:createdAt, :key, :keyOverlay) {condition}
            order by created_at desc, {key} desc, overlay desc limit :limit
            """;

    private static final String LIST_OF_KEYS = """
            select * from {table}
            where created_at > :cutoff and (overlay = '' or created_at > :overlayCutoff)
                and {key} >= :from and {key} < :to {condition}
            order by {key}, overlay limit :limit
            """;

    private static final String IN_OVERLAY = """
            and (overlay = :overlay or overlay = '' and not exists (
                select * from {table} mine
                where mine.{key} = {table}.{key} and mine.overlay = :overlay and mine.created_at > :overlayCutoff))
            """;

    /** The live entries of the base after a cursor. */
    private static final String SLICE = """
            from {table} where overlay = '' and created_at > :cutoff
                and (created_at, {key}, overlay) > (:createdAt, :key, '')
            """;

    /** Without parameters for the numbers, which a plan depends on. */
    private static final String LAST_OF_SLICE = "select created_at, {key} " + SLICE
            + "order by created_at, {key}, overlay limit 1 offset {offset}";

    private static final String COUNT = "select cast('' as text) as scope, null as repository, count(*) as entries "
            + SLICE + "and (created_at, {key}, overlay) <= (:lastCreatedAt, :lastKey, '')";

    private static final String COUNT_BY_PARTS = COUNT.replace("cast('' as text) as scope, null as repository",
            "scope, cast({repository} as text) as repository") + " and scope is not null group by 1, 2";

    private static final String NEWEST_COSTS = """
            select cost_seconds, cost_bytes from (
                select cost_seconds, cost_bytes, created_at from {table} where overlay = '' {condition}
                order by created_at desc limit 1000) newest
            where cost_seconds is not null order by created_at desc limit :limit
            """;

    private final CacheDatabase database;

    private final String name;

    private final TableNames names;

    private final String find;

    private final String findAll;

    private final AnnouncedTtl announced;

    private final BulkDeletion bulk;

    private final Function<List<E>, List<PutResult<E>>> upsert;

    private final TimeToLive timeToLive;

    /**
     * A repository.
     * @param name of the cache in URLs, metrics, the log and the triggers of its table
     */
    protected JdbcCacheRepository(CacheDatabase database, String name, TableNames names, TimeToLive timeToLive,
            Upsert<E> upsert) {
        this.names = names;
        this.database = database;
        this.name = name;
        this.find = names.fill(FIND);
        this.findAll = names.fill(FIND_ALL);
        this.announced = new AnnouncedTtl(database.writer(), name, timeToLive);
        this.bulk = new BulkDeletion(database, names, timeToLive, announced);
        this.upsert = (entries) -> upsert.store(entries, database, names, timeToLive);
        this.timeToLive = timeToLive;
    }

    protected abstract E entry(ResultSet row) throws SQLException;

    protected final CacheKey key(ResultSet row) throws SQLException {
        return names.key(row);
    }

    /** The cost in a row, if it has one. */
    protected static @Nullable Cost cost(ResultSet row) throws SQLException {
        row.getDouble("cost_seconds");
        return row.wasNull() ? null : knownCost(row);
    }

    private static Cost knownCost(ResultSet row) throws SQLException {
        double seconds = row.getDouble("cost_seconds");
        long bytes = row.getLong("cost_bytes");
        return new Cost(seconds, row.wasNull() ? null : bytes);
    }

    protected final JdbcClient.StatementSpec reading(String sql) {
        return database.reader().sql(sql);
    }

    protected final JdbcClient.StatementSpec writing(String sql) {
        return database.writer().sql(sql);
    }

    @Override
    public final String name() {
        return name;
    }

    final TableNames names() {
        return names;
    }

    @Override
    public final TimeToLive timeToLive() {
        return timeToLive;
    }

    @Override
    public Optional<E> find(CacheKey key) {
        return find(database.lookups().sql(find), key);
    }

    private Optional<E> find(JdbcClient.StatementSpec statement, CacheKey key) {
        return statement.param(key.hex())
            .param(key.overlay())
            .param(timeToLive.cutoff(key))
            .query((row, number) -> entry(row))
            .optional();
    }

    @Override
    public List<E> findAll(Collection<CacheKey> keys) {
        Set<CacheKey> requested = Set.copyOf(keys);
        return reading(findAll).param("keys", requested.stream().map(CacheKey::hex).distinct().toList())
            .param("overlays", requested.stream().map(CacheKey::overlay).distinct().toList())
            .param("cutoff", timeToLive.cutoff())
            .param("overlayCutoff", timeToLive.overlayCutoff())
            .query((row, number) -> entry(row))
            .list()
            .stream()
            .filter((entry) -> requested.contains(entry.key()))
            .toList();
    }

    @Override
    public PutResult<E> put(E entry) {
        return database.commit().write(entry.key().toString(), entry, upsert);
    }

    @Override
    public PutResult<E> putIf(E entry, PutCondition<E> condition) {
        // An exception would fail all writes of the group.
        AtomicReference<@Nullable ProblemException> refusal = new AtomicReference<>();
        Optional<PutResult<E>> result = database.commit().write(entry.key().toString(), () -> {
            try {
                condition.check(findAndLock(entry.key()).orElse(null));
                return Optional.of(upsert.apply(List.of(entry)).getFirst());
            }
            catch (ProblemException ex) {
                refusal.set(ex);
                return Optional.empty();
            }
        });
        return result.orElseThrow(() -> Objects.requireNonNull(refusal.get()));
    }

    /** Locks the key itself as well: where there is no row, no row can be locked. */
    private Optional<E> findAndLock(CacheKey key) {
        if (database.isPostgresql()) {
            writing("select pg_advisory_xact_lock(hashtextextended(?, 0))").param(name + key).query().listOfRows();
        }
        return find(writing(find + database.rowLock()), key);
    }

    /**
     * Carries out a change of one row, as a member of a group commit. So it keeps its
     * place among the writes of its key, and does nothing when it arrives too late.
     */
    protected final boolean updateInGroup(CacheKey key, JdbcClient.StatementSpec update) {
        return database.commit().write(key.toString(), () -> update.update() > 0);
    }

    @Override
    public void remove(CacheKey key) {
        updateInGroup(key, writing(names.fill("delete from {table} where {key} = ? and overlay = ?")).param(key.hex())
            .param(key.overlay()));
    }

    @Override
    public List<CacheKey> removeSome(Selection selection, CacheKey after, int limit) {
        return bulk.removeSome(selection, after, limit);
    }

    @Override
    public OptionalInt truncate() {
        return bulk.truncate();
    }

    @Override
    public List<CacheKey> keys(CacheKey after, int limit) {
        JdbcClient.StatementSpec statement = reading(names.fill(KEYS).replace("{limit}", String.valueOf(limit)))
            .param(after.hex())
            .param(after.overlay());
        return database.scans().execute(() -> statement.query((row, number) -> key(row)).list());
    }

    @Override
    public List<E> list(Cursor after, int limit, Search search, @Nullable String overlay) {
        JdbcClient.StatementSpec statement = reading(listSql(search, overlay)).param("cutoff", timeToLive.cutoff())
            .param("overlayCutoff", timeToLive.overlayCutoff())
            .param("createdAt", after.createdAt())
            .param("key", after.key().hex())
            .param("keyOverlay", after.key().overlay())
            .param("value", search.value())
            .param("scope", search.scope())
            .param("repository", lower(search.repository()))
            .param("tag", search.tag())
            .param("from", search.key())
            // No hex digit is as large.
            .param("to", search.key() + "g")
            .param("overlay", overlay)
            .param("limit", limit);
        return database.scans().execute(() -> statement.query((row, number) -> entry(row)).list());
    }

    final String listSql(Search search, @Nullable String overlay) {
        String condition = ((search.value() != null) ? "and {value} = :value " : "")
                + ((search.scope() != null) ? "and scope = :scope " : "")
                + ((search.repository() != null) ? "and lower({repository}) = :repository " : "")
                + ((search.tag() != null) ? "and tag = :tag " : "")
                + (search.isOfOverlays() ? "and overlay <> '' " : "") + switch (overlay) {
                    case null -> "";
                    case "" -> "and overlay = ''";
                    default -> IN_OVERLAY;
                };
        return names.fill(((search.key() != null) ? LIST_OF_KEYS : LIST).replace("{condition}", condition));
    }

    @Override
    public CountedRows countSome(@Nullable Cursor after, int limit, boolean byParts) {
        long cutoff = timeToLive.cutoff();
        Cursor start = (after != null) ? after : new Cursor(cutoff, new CacheKey(""));
        Cursor next = slice(LAST_OF_SLICE.replace("{offset}", String.valueOf(limit - 1)), cutoff, start)
            .query((row, number) -> new Cursor(row.getLong(1), new CacheKey(row.getString(2))))
            .optional()
            .orElse(null);
        Cursor last = (next != null) ? next : Cursor.START;
        Map<CountedRows.Parts, Long> entries = slice(byParts ? COUNT_BY_PARTS : COUNT, cutoff, start)
            .param("lastCreatedAt", last.createdAt())
            .param("lastKey", last.key().hex())
            .query((row, number) -> Map.entry(
                    new CountedRows.Parts(row.getString("scope"), row.getString("repository")), row.getLong("entries")))
            .list()
            .stream()
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        return new CountedRows(entries, next);
    }

    private JdbcClient.StatementSpec slice(String sql, long cutoff, Cursor start) {
        return reading(names.fill(sql)).param("cutoff", cutoff)
            .param("createdAt", start.createdAt())
            .param("key", start.key().hex());
    }

    @Override
    public List<Cost> newestCosts(@Nullable String repository, int limit) {
        String condition = (repository != null) ? "and lower({repository}) = :repository" : "";
        return reading(names.fill(NEWEST_COSTS.replace("{condition}", condition)))
            .param("repository", lower(repository))
            .param("limit", limit)
            .query((row, number) -> knownCost(row))
            .list();
    }

    private static @Nullable String lower(@Nullable String text) {
        return (text != null) ? text.toLowerCase(Locale.ROOT) : null;
    }

    final void announceTtl() {
        database.commit().write(name, () -> {
            announced.announce();
            return true;
        });
    }

    @Override
    public List<Long> pruneExpired(long from, int limit) {
        return bulk.pruneExpired(from, limit);
    }

    @Override
    public List<Long> pruneExpiredOverlays(long from, int limit) {
        return bulk.pruneExpiredOverlays(from, limit);
    }

}
