package dev.dejavu.storage;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.SqlParameterValue;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Cost;
import dev.dejavu.cache.PutResult;
import dev.dejavu.cache.TimeToLive;

/**
 * Stores entries of different keys, many by one statement: a round trip, and what a
 * database does for each statement, costs more than a row.
 *
 * @param <E> the entry
 */
public final class Upsert<E extends CacheEntry> {

    private static final Pattern PARAMETER = Pattern.compile("(?<!:):([a-zA-Z]+)");

    private static final String CUTOFF = "(case when excluded.overlay = '' then :cutoff else :overlayCutoff end)";

    /**
     * For a row that another session has locked. Whoever waits for one keeps all others
     * of the statement waiting; alone it may take as long as any.
     */
    private static final String WAIT_BRIEFLY = """
            select set_config('lock_timeout', '50', true) where current_setting('lock_timeout') = '%s'
            """.formatted(PostgresqlSessions.LOCK_TIMEOUT);

    /** For the rest of the transaction, and its commit. */
    private static final String WAIT_AS_BEFORE = "select set_config('lock_timeout', '%s', true)"
        .formatted(PostgresqlSessions.LOCK_TIMEOUT);

    private final String sql;

    private final String row;

    private final Function<E, Map<String, @Nullable Object>> parameters;

    private final Stored<E> stored;

    /** By the number of rows. */
    private final Map<Integer, Statement> statements = new ConcurrentHashMap<>();

    /**
     * The upsert of a table.
     * @param sql upserts <code>{rows}</code>; a row that was stored before
     * <code>{cutoff}</code> has expired. Returns the key, {@code overlay},
     * {@code revision}, {@code previous_value}, {@code previous_author} and what
     * {@code stored} reads
     * @param row the values of a row
     * @param parameters those of a row, except those of the cost
     * @param stored makes the entry as it was stored
     */
    public Upsert(String sql, String row, Function<E, Map<String, @Nullable Object>> parameters, Stored<E> stored) {
        this.sql = sql;
        this.row = row;
        this.parameters = parameters;
        this.stored = stored;
    }

    /**
     * An entry as it was stored, by what the upsert returned.
     *
     * @param <E> the entry
     */
    @FunctionalInterface
    public interface Stored<E> {

        E stored(E entry, ResultSet row) throws SQLException;

    }

    /**
     * Stores entries of different keys, in their order.
     * @return the results in the same order
     */
    List<PutResult<E>> store(List<E> entries, CacheDatabase database, TableNames names, TimeToLive timeToLive) {
        boolean waitsBriefly = entries.size() > 1 && database.isPostgresql()
                && !database.writer().sql(WAIT_BRIEFLY).query().listOfRows().isEmpty();
        Map<CacheKey, E> byKey = entries.stream().collect(Collectors.toMap(CacheEntry::key, Function.identity()));
        Map<CacheKey, PutResult<E>> results = new HashMap<>();
        Statement statement = statements.computeIfAbsent(entries.size(), this::statement);
        database.writer().sql(statement.sql()).params(statement.values(rows(entries, timeToLive))).query((returned) -> {
            CacheKey key = names.key(returned);
            results.put(key, result(Objects.requireNonNull(byKey.get(key)), returned));
        });
        if (waitsBriefly) {
            database.writer().sql(WAIT_AS_BEFORE).query().listOfRows();
        }
        return entries.stream().map((entry) -> Objects.requireNonNull(results.get(entry.key()))).toList();
    }

    /** The cutoffs come after the rows, as a row of their own. */
    private Statement statement(int rows) {
        List<Parameter> positions = new ArrayList<>();
        String values = IntStream.range(0, rows)
            .mapToObj((number) -> positional(row, number, positions))
            .collect(Collectors.joining(", "));
        return new Statement(positional(sql.replace("{cutoff}", CUTOFF), rows, positions).replace("{rows}", values),
                positions);
    }

    private static String positional(String named, int row, List<Parameter> positions) {
        return PARAMETER.matcher(named).replaceAll((match) -> {
            positions.add(new Parameter(match.group(1), row));
            return "?";
        });
    }

    private List<Map<String, @Nullable Object>> rows(List<E> entries, TimeToLive timeToLive) {
        List<Map<String, @Nullable Object>> rows = new ArrayList<>();
        for (E entry : entries) {
            Map<String, @Nullable Object> values = parameters.apply(entry);
            Cost cost = entry.cost();
            values.put("costSeconds", (cost != null) ? cost.seconds() : new SqlParameterValue(Types.DOUBLE, null));
            values.put("costBytes",
                    (cost != null && cost.bytes() != null) ? cost.bytes() : new SqlParameterValue(Types.BIGINT, null));
            rows.add(values);
        }
        rows.add(Map.of("cutoff", timeToLive.cutoff(), "overlayCutoff", timeToLive.overlayCutoff()));
        return rows;
    }

    private PutResult<E> result(E entry, ResultSet returned) throws SQLException {
        return new PutResult<>(stored.stored(entry, returned), returned.getLong("revision") == 1,
                returned.getString("previous_value"), returned.getString("previous_author"));
    }

    /**
     * A statement whose parameters are named once, not at each execution.
     */
    private record Statement(String sql, List<Parameter> parameters) {

        /**
         * Of all columns that may be null and are of no cost: of one type, so that the
         * statement stays prepared.
         */
        private static final SqlParameterValue NULL = new SqlParameterValue(Types.VARCHAR, null);

        List<Object> values(List<Map<String, @Nullable Object>> rows) {
            List<Object> values = new ArrayList<>(parameters.size());
            for (Parameter parameter : parameters) {
                Object value = rows.get(parameter.row()).get(parameter.name());
                values.add((value != null) ? value : NULL);
            }
            return values;
        }

    }

    private record Parameter(String name, int row) {
    }

}
