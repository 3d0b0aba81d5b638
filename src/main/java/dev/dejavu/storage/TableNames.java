package dev.dejavu.storage;

import java.sql.ResultSet;
import java.sql.SQLException;

import dev.dejavu.cache.CacheKey;

/**
 * The names of a cache's table and of the columns that all statements need.
 *
 * @param key column
 * @param value column
 * @param repository column, or {@code null} in SQL
 */
public record TableNames(String table, String key, String value, String repository) {

    /** Fills the names into a statement. */
    String fill(String sql) {
        return sql.replace("{table}", table)
            .replace("{key}", key)
            .replace("{value}", value)
            .replace("{repository}", repository);
    }

    /** The key of a row. */
    CacheKey key(ResultSet row) throws SQLException {
        return new CacheKey(row.getString(key), row.getString("overlay"));
    }

}
