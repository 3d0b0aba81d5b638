package dev.dejavu.storage;

/**
 * The names of a cache's table and of the two columns that all statements need.
 *
 * @param key column
 * @param value column
 */
public record TableNames(String table, String key, String value) {

    /** Fills the names into a statement. */
    String fill(String sql) {
        return sql.replace("{table}", table).replace("{key}", key).replace("{value}", value);
    }

}
