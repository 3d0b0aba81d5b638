package dev.dejavu.storage;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheTable;
import dev.dejavu.cache.Cursor;
import dev.dejavu.cache.PutResult;
import dev.dejavu.cache.TimeToLive;

/**
 * The SQL that all cache tables share, the same for SQLite and PostgreSQL. A delete that
 * first selects says its condition twice, so that PostgreSQL spares a row that another
 * connection writes again between the two.
 *
 * @param <E> the entry
 */
public abstract class JdbcCacheRepository<E extends CacheEntry> implements CacheTable<E> {

    /** Keys in one statement, so that none holds the write lock for long. */
    private static final int BATCH_SIZE = 1000;

    private static final String FIND = """
            select * from {table} where {key} = ? and created_at > ?
            """;

    private static final String FIND_ALL = """
            select * from {table} where {key} in (:keys) and created_at > :cutoff
            """;

    private static final String REMOVE = """
            delete from {table} where {key} = ?
            """;

    private static final String KEYS = """
            select {key} from {table} where {key} > :after {of value} order by {key} limit :limit
            """;

    private static final String REMOVE_KEYS = """
            delete from {table} where {key} in (
                select {key} from {table} where {key} in (:keys) order by {key} {lock}) {of value}
            """;

    private static final String LIST = """
            select * from {table}
            where created_at > :cutoff and (created_at, {key}) < (:createdAt, :key) {of value}
            order by created_at desc, {key} desc limit :limit
            """;

    private static final String COUNT = """
            select count(*) from {table} where created_at > ?
            """;

    private static final String PRUNE_EXPIRED = """
            delete from {table} where created_at <= :cutoff and {key} in (
                select {key} from {table} where {key} in (
                    select {key} from {table} where created_at between :from and :cutoff
                    order by created_at, {key} limit :limit)
                order by {key} {lock})
            returning created_at
            """;

    private static final String OF_VALUE = "and {value} = :value";

    private final CacheStorage storage;

    private final Names names;

    private final TimeToLive timeToLive;

    private final String find;

    private final String findAll;

    /**
     * A repository.
     * @param names of the cache, its table and columns
     */
    protected JdbcCacheRepository(CacheStorage storage, Names names, TimeToLive timeToLive) {
        this.storage = storage;
        this.names = names;
        this.timeToLive = timeToLive;
        this.find = sql(FIND);
        this.findAll = sql(FIND_ALL);
    }

    /**
     * How a cache is called.
     *
     * @param cache in URLs, metrics and the log
     * @param value the column with the image URI or remote path
     */
    public record Names(String cache, String table, String key, String value) {
    }

    /** Upserts a row, and returns {@code revision} and {@code previous_value}. */
    protected abstract String putSql();

    /** The parameters of the upsert, except {@code cutoff}. */
    protected abstract Map<String, @Nullable Object> columns(E entry);

    protected abstract E entry(ResultSet row) throws SQLException;

    /** Fills the names of this table into a text. */
    protected final String sql(String template) {
        return template.replace("{table}", names.table())
            .replace("{key}", names.key())
            .replace("{value}", names.value())
            .replace("{lock}", storage.rowLock());
    }

    private String sqlOfValue(String template, @Nullable String value) {
        return sql(template.replace("{of value}", (value != null) ? OF_VALUE : ""));
    }

    protected final JdbcClient.StatementSpec reading(String sql) {
        return storage.reader().sql(sql);
    }

    protected final JdbcClient.StatementSpec writing(String sql) {
        return storage.writer().sql(sql);
    }

    @Override
    public final String name() {
        return names.cache();
    }

    @Override
    public final TimeToLive timeToLive() {
        return timeToLive;
    }

    @Override
    public Optional<E> find(CacheKey key) {
        return reading(find).param(key.hex()).param(timeToLive.cutoff()).query((row, number) -> entry(row)).optional();
    }

    @Override
    public List<E> findAll(Collection<CacheKey> keys) {
        return reading(findAll).param("keys", keys.stream().map(CacheKey::hex).toList())
            .param("cutoff", timeToLive.cutoff())
            .query((row, number) -> entry(row))
            .list();
    }

    @Override
    public PutResult<E> put(E entry) {
        return storage.commit()
            .write(entry.key().hex(),
                    () -> writing(putSql()).params(columns(entry))
                        .param("cutoff", timeToLive.cutoff())
                        .query((row, number) -> new PutResult<>(entry, row.getLong("revision") == 1,
                                row.getString("previous_value")))
                        .single());
    }

    /** Carries out an update of one row, as a member of a group commit. */
    protected final boolean updateInGroup(CacheKey key, JdbcClient.StatementSpec update) {
        return storage.commit().write(key.hex(), () -> update.update() > 0);
    }

    @Override
    public void remove(CacheKey key) {
        writing(sql(REMOVE)).param(key.hex()).update();
    }

    /**
     * Goes once through all keys, so that no row that was there at the start is left,
     * although others remove at the same time.
     */
    @Override
    public int removeAll(@Nullable String value) {
        int removed = 0;
        List<String> keys = keys("", value);
        while (!keys.isEmpty()) {
            removed += writing(sqlOfValue(REMOVE_KEYS, value)).param("keys", keys).param("value", value).update();
            keys = keys(keys.getLast(), value);
        }
        return removed;
    }

    private List<String> keys(String after, @Nullable String value) {
        return reading(sqlOfValue(KEYS, value)).param("after", after)
            .param("value", value)
            .param("limit", BATCH_SIZE)
            .query((row, number) -> row.getString(1))
            .list();
    }

    /** Hands keys to a statement, {@link #BATCH_SIZE} at a time. */
    protected static void forEachBatch(List<String> keys, Consumer<List<String>> statement) {
        for (int from = 0; from < keys.size(); from += BATCH_SIZE) {
            statement.accept(keys.subList(from, Math.min(from + BATCH_SIZE, keys.size())));
        }
    }

    @Override
    public List<E> list(Cursor after, int limit, @Nullable String value) {
        return reading(sqlOfValue(LIST, value)).param("cutoff", timeToLive.cutoff())
            .param("createdAt", after.createdAt())
            .param("key", after.key())
            .param("value", value)
            .param("limit", limit)
            .query((row, number) -> entry(row))
            .list();
    }

    @Override
    public long count() {
        return reading(sql(COUNT)).param(timeToLive.cutoff()).query(Long.class).single();
    }

    @Override
    public List<Long> pruneExpired(long from, int limit) {
        return writing(sql(PRUNE_EXPIRED)).param("from", from)
            .param("cutoff", timeToLive.cutoff())
            .param("limit", limit)
            .query((row, number) -> row.getLong("created_at"))
            .list();
    }

}
