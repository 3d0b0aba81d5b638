package dev.dejavu.storage;

/**
 * The names that tell one cache's table from another.
 *
 * @param key the column of the key
 * @param value the column of the image URI or remote path
 */
public record CacheColumns(String table, String key, String value) {
}
